// SPDX-License-Identifier: Apache-2.0
//
// The rows of zones, RRsets and changes, as the changes of one transaction see and write them.
//
// PostgreSQL takes longer to be asked than to answer, and so what the changes of a group look at is
// read at once, and what they write is written at once at the end. In between it lies here, and
// each change sees what those before it did. One thread, for as long as the transaction.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "control/audit.h"
#include "control/database.h"
#include "control/model.h"
#include "control/zone_rows.h"

namespace nearcast::control {

class GroupRows {
 public:
    // What waits to be written is written when it is so many sets, or a group of zones would lie
    // here whole. Each takes some hundred bytes, mostly.
    static constexpr size_t kWaitingMax = 4096;
    // Places that are read ahead for one group; others are read when they are asked for.
    static constexpr size_t kPlacesMax = 1024;

    // Whether other controllers may have served later serials than are edited.
    enum class Serving : uint8_t { Alone, WithOthers };

    explicit GroupRows(Session& session, Serving serving = Serving::Alone)
        : session_(session), serving_(serving) {}
    GroupRows(const GroupRows&) = delete;
    GroupRows& operator=(const GroupRows&) = delete;

    // What a change is going to ask for.
    struct Look {
        dns::Name zone;
        std::vector<dns::Name> owners = {};
    };
    // Reads it for all of them.
    [[nodiscard]] base::Result<void> look_ahead(std::span<const Look> looks);

    [[nodiscard]] base::Result<std::optional<Zone>> find_zone(const dns::Name& name);
    // What the next serial of the zone must be later than: its own, and those that controllers have
    // served ahead of it. So they all publish the next change with the serial that it has.
    [[nodiscard]] base::Result<uint32_t> last_serial(const Zone& zone);
    // In the order of their types.
    [[nodiscard]] base::Result<std::vector<Rrset>> rrsets_at(int64_t zone_id,
                                                             const dns::Name& owner);

    // Reads the sets of these, as far as they are not known, to be asked for then one by one.
    [[nodiscard]] base::Result<void> read_owners(int64_t zone_id,
                                                 std::span<const dns::Name> owners);

    // A new one, or one that has changed.
    void put_zone(const Zone& zone);
    // The set as it is after the change.
    [[nodiscard]] base::Result<void> put_rrset(int64_t zone_id, const RrsetChange& change);
    // With all its sets.
    [[nodiscard]] base::Result<void> remove_zone(const Zone& zone);
    // With what the audit log tells of it.
    void append(Change change);

    // Zones by name, by the name of a catalog that may have to list them otherwise now.
    using Moved = std::map<std::string, std::map<std::string, dns::Name>>;
    [[nodiscard]] const Moved& moved() const { return moved_; }

    // Writes what waits.
    [[nodiscard]] base::Result<void> write();
    // The same, for those who then read the tables themselves.
    [[nodiscard]] base::Result<Session*> settled();
    // For rows of other tables.
    [[nodiscard]] Session& session() { return session_; }

 private:
    [[nodiscard]] base::Result<void> read_served(std::span<const std::string> names);
    // Into the sets, where each of these has its entry already.
    [[nodiscard]] base::Result<void> read_places(std::span<const RrsetPlace> places);

    Session& session_;
    const Serving serving_;
    AuditLink audit_link_;
    // As far as they were asked for or put: a zone that is not there is known too.
    std::unordered_map<std::string, std::optional<Zone>> zones_;     // By row_name().
    std::unordered_map<std::string, std::vector<uint32_t>> served_;  // The same.
    std::map<RrsetPlace, std::vector<Rrset>> sets_;
    // What waits.
    std::set<std::string> put_zones_;  // Names.
    RrsetStates put_sets_;
    std::vector<Change> changes_;
    Moved moved_;
};

}  // namespace nearcast::control
