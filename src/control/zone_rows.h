// SPDX-License-Identifier: Apache-2.0
//
// Reads and writes the rows of zones, RRsets and changes: all SQL about them stands in one file.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "control/database.h"
#include "control/model.h"

namespace nearcast::control {

// The name as it stands in the tables: absolute, in lower case.
[[nodiscard]] std::string row_name(const dns::Name& name);
// The name from the root down, "example.www." for www.example.: those below a name are the texts
// that begin with its own.
[[nodiscard]] std::string place_of(const dns::Name& name);

[[nodiscard]] base::Result<std::optional<Zone>> find_zone(Session& session, const dns::Name& name);
// In the order of their names as text, those behind `after`.
[[nodiscard]] base::Result<void> list_zones(Session& session, const std::string& after,
                                            int64_t count_max,
                                            const std::function<void(Zone)>& on_zone);
// The same of one account.
[[nodiscard]] base::Result<void> list_zones_of(Session& session, const std::string& account,
                                               const std::string& after, int64_t count_max,
                                               const std::function<void(Zone)>& on_zone);
// Those that have this catalog. Looks at every zone.
[[nodiscard]] base::Result<void> zones_of_catalog(Session& session, const std::string& catalog,
                                                  const std::function<void(const Zone&)>& on_zone);
// Those of these that there are.
[[nodiscard]] base::Result<void> find_zones(Session& session, std::span<const std::string> names,
                                            const std::function<void(Zone)>& on_zone);
// New ones, and settings, serials and sequences of others. Each once.
[[nodiscard]] base::Result<void> put_zones(Session& session, std::span<const Zone> zones);
// Of zones whose rows are older than the column.
[[nodiscard]] base::Result<void> put_places(Session& session, std::span<const Zone> zones);
// Whether there is a zone below the name that is not the account's. Looks at zones below it alone,
// and ends at the first.
[[nodiscard]] base::Result<bool> has_others_below(Session& session, const dns::Name& name,
                                                  const std::string& account);
// The zone with all its sets.
[[nodiscard]] base::Result<void> remove_zone(Session& session, int64_t zone_id);

// The SOA has the serial that it was written with.
[[nodiscard]] base::Result<std::vector<Rrset>> rrsets_at(Session& session, int64_t zone_id,
                                                         const dns::Name& owner);
// By the owner's name as it stands in the table.
using RrsetPlace = std::pair<int64_t, std::string>;
// Those of one owner in the order of their types.
[[nodiscard]] base::Result<void> each_rrset_at(
    Session& session, std::span<const RrsetPlace> places,
    const std::function<void(int64_t zone_id, Rrset)>& on_rrset);
[[nodiscard]] base::Result<void> each_rrset(Session& session, int64_t zone_id,
                                            const std::function<void(Rrset)>& on_rrset);
// What to look for, as patterns of LIKE with '\\' to escape.
struct Sought {
    std::string name = {};     // Of a zone, or the owner of a set.
    std::string records = {};  // Of a set's records, all of them together.
};
// These look at every row: of zones behind `after`, of all sets, of the sets of one zone.
[[nodiscard]] base::Result<void> search_zones(Session& session, const std::string& after,
                                              const Sought& sought, int64_t count_max,
                                              const std::function<void(Zone)>& on_zone);
[[nodiscard]] base::Result<void> search_zone(Session& session, int64_t zone_id,
                                             const Sought& sought, int64_t count_max,
                                             const std::function<void(Rrset)>& on_rrset);
[[nodiscard]] base::Result<void> search_rrsets(
    Session& session, const Sought& sought, int64_t count_max,
    const std::function<void(const dns::Name& zone, Rrset)>& on_rrset);
// By zone, owner and type: the set, or nothing where there is none any more.
using RrsetStates = std::map<std::tuple<int64_t, std::string, uint16_t>, std::optional<Rrset>>;
[[nodiscard]] base::Result<void> put_rrsets(Session& session, const RrsetStates& states);

[[nodiscard]] base::Result<void> append_changes(Session& session, std::span<const Change> changes);
[[nodiscard]] base::Result<std::optional<Change>> find_change(Session& session, uint64_t sequence);
// The newest first, those before `before`; of one zone, or of all with an empty name. Without
// their diffs.
[[nodiscard]] base::Result<std::vector<Change>> list_changes(Session& session,
                                                             const std::string& zone,
                                                             uint64_t before, int64_t count_max);
// The oldest first, those after `after`.
[[nodiscard]] base::Result<std::vector<Change>> changes_after(Session& session, uint64_t after,
                                                              int64_t count_max);

// What was done under an idempotency key.
struct Repetition {
    std::string request;  // A digest of what was asked.
    Committed committed;
};
[[nodiscard]] base::Result<std::optional<Repetition>> find_repetition(Session& session,
                                                                      const std::string& actor,
                                                                      const std::string& key);
[[nodiscard]] base::Result<void> insert_repetition(Session& session, const Intent& intent,
                                                   const Repetition& repetition, Timestamp at);
[[nodiscard]] base::Result<void> remove_repetitions(Session& session, Timestamp before);

// Takes `count` sequences, and has every other writer wait until the transaction ends. Returns the
// first.
[[nodiscard]] base::Result<uint64_t> take_sequences(Session& session, uint64_t count);
[[nodiscard]] base::Result<uint64_t> last_sequence(Session& session);

}  // namespace nearcast::control
