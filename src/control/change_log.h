// SPDX-License-Identifier: Apache-2.0
//
// The zones and their history: every change is one row, and the current state follows from them.
//
// A change is judged and written in one transaction that is shared with others (GroupCommit); when
// it returns, it is on the disk. Reads see whole changes only. Any thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/change_error.h"
#include "control/database.h"
#include "control/derived_change.h"
#include "control/group_commit.h"
#include "control/model.h"
#include "control/quotas.h"

namespace nearcast::control {

struct ChangeLogOptions {
    std::function<Timestamp()> now = {};  // None: the time of day.
    // What the SOA of a new zone names when the zone has no name server yet.
    dns::Name primary = {};
    // Outlives it; null: nobody has any.
    const Quotas* quotas = nullptr;
    // Called on the writer's thread with the greatest sequence that is on the disk now. May be
    // empty; costs little.
    std::function<void(uint64_t sequence)> on_commit = {};
};

// Which sets of a zone; all without an owner.
struct RrsetFilter {
    std::optional<dns::Name> owner = {};
    std::optional<dns::RRType> type = {};
};

class ChangeLog {
 public:
    // Of one page.
    static constexpr size_t kPageMax = 1000;

    // `database` outlives it.
    ChangeLog(Database& database, ChangeLogOptions options);
    ChangeLog(const ChangeLog&) = delete;
    ChangeLog& operator=(const ChangeLog&) = delete;

    // Nothing to change is no error: the serials are the same then, and the sequence is the last
    // change's.
    [[nodiscard]] Outcome<Committed> commit(const ChangeRequest& request);
    // The same, of what the zone has when its turn comes. Without an idempotency key.
    [[nodiscard]] Outcome<Committed> commit_derived(const DerivedRequest& request);
    [[nodiscard]] Outcome<Committed> create_zone(const NewZone& zone);
    [[nodiscard]] Outcome<Committed> delete_zone(const dns::Name& zone, const Intent& intent);
    [[nodiscard]] Outcome<Committed> update_settings(const dns::Name& zone,
                                                     const SettingsEdit& edit,
                                                     const Intent& intent);
    // Notes that a zone which is fetched has another version. Nothing, as above, when it is the one
    // that was noted last.
    [[nodiscard]] Outcome<Committed> take_version(const FetchedVersion& version);
    // How many records such a zone may have, by what the plan of its account has room for.
    [[nodiscard]] Outcome<uint64_t> room_for_copy(const dns::Name& zone);
    // A new change that takes back an older one. What that touched must be as it left it.
    [[nodiscard]] Outcome<Committed> revert(uint64_t sequence, const Intent& intent);

    [[nodiscard]] Outcome<Zone> zone(const dns::Name& name);
    // In the order of their names as text; those behind `after`, as row_name() of a zone.
    [[nodiscard]] Outcome<std::vector<Zone>> zones(const std::string& after, size_t count_max);
    // The same of one account.
    [[nodiscard]] Outcome<std::vector<Zone>> zones_of(const std::string& account,
                                                      const std::string& after, size_t count_max);

    struct Contents {
        Zone zone = {};
        std::vector<Rrset> rrsets =
            {};  // By owner as text, then type; the SOA with the serial of now.
    };
    // The zone with all its sets, or those that the filter leaves, as of one moment.
    [[nodiscard]] Outcome<Contents> contents(const dns::Name& zone, const RrsetFilter& filter = {});

    struct Found {
        std::vector<Zone> zones = {};
        std::vector<std::pair<dns::Name, Rrset>> rrsets = {};  // With the zones that they are in.
    };
    // Which zones somebody may see; all when it is empty.
    using ZoneFilter = std::function<bool(const Zone& zone)>;
    // What is like the pattern, where '*' is any text and '?' any character, in names and data: as
    // many zones, and as many sets. Looks at everything in the zones that the filter leaves.
    [[nodiscard]] Outcome<Found> search(const std::string& pattern, size_t count_max,
                                        const ZoneFilter& covers = {});

    // Without their diffs, the newest first. An empty `zone`: of all.
    [[nodiscard]] Outcome<std::vector<Change>> history(const std::optional<dns::Name>& zone,
                                                       uint64_t before, size_t count_max);
    [[nodiscard]] Outcome<Change> change(uint64_t sequence);
    // With their diffs, the oldest first.
    [[nodiscard]] Outcome<std::vector<Change>> changes_after(uint64_t sequence, size_t count_max);
    [[nodiscard]] Outcome<uint64_t> last_sequence();

 private:
    [[nodiscard]] Outcome<Committed> run(const Intent& intent, std::string request,
                                         GroupCommit::Job job,
                                         std::optional<GroupRows::Look> look = {});

    Database& database_;
    const ChangeLogOptions options_;
    GroupCommit commits_;  // Last: its thread uses the others.
};

}  // namespace nearcast::control
