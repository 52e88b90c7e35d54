// SPDX-License-Identifier: Apache-2.0

#include "control/zone_rows.h"

#include <cassert>
#include <utility>

#include "control/soa_serial.h"
#include "control/stored_text.h"

namespace nearcast::control {
namespace {

using base::Result;

constexpr Sql kFindZone{
    "SELECT id, name, settings, serial, sequence, created_at, copy_records FROM zone "
    "WHERE name = :a",
    "t", "nttnnnn"};
constexpr Sql kListZones{
    "SELECT id, name, settings, serial, sequence, created_at, copy_records FROM zone "
    "WHERE name > :a "
    "ORDER BY name LIMIT :b",
    "tn", "nttnnnn"};
constexpr RowsSql kFindZones{
    "SELECT id, name, settings, serial, sequence, created_at, copy_records FROM zone "
    "WHERE name IN (",
    "?",
    ", ",
    ")",
    "t",
    "nttnnnn"};
// Both databases know this form, for new rows and for those that are there.
constexpr RowsSql kPutZones{
    "INSERT INTO zone (id, name, settings, serial, sequence, created_at, account, copy_records, "
    "place) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ", ",
    " ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, serial = excluded.serial, "
    "sequence = excluded.sequence, account = excluded.account, "
    "copy_records = excluded.copy_records",
    "nttnnntnt",
    ""};
// Of zones that are there: of what a row must have no more than the place is written.
constexpr RowsSql kPutPlaces{
    "INSERT INTO zone (id, name, settings, serial, sequence, created_at, place) VALUES ",
    "(?, ?, '', 0, 0, 0, ?)",
    ", ",
    " ON CONFLICT (id) DO UPDATE SET place = excluded.place",
    "ntt",
    ""};
constexpr Sql kFindOthersBelow{
    "SELECT id FROM zone WHERE place > :a AND place < :b AND account <> :c LIMIT 1", "ttt", "n"};
constexpr Sql kListZonesOf{
    "SELECT id, name, settings, serial, sequence, created_at, copy_records FROM zone "
    "WHERE account = :a AND "
    "name > :b ORDER BY name LIMIT :c",
    "ttn", "nttnnnn"};
constexpr Sql kZonesLike{
    "SELECT id, name, settings, serial, sequence, created_at, copy_records FROM zone "
    "WHERE settings LIKE :a ESCAPE '\\'",
    "t", "nttnnnn"};
constexpr Sql kRemoveZone{"DELETE FROM zone WHERE id = :a", "n", ""};
constexpr Sql kEmptyZone{"DELETE FROM rrset WHERE zone_id = :a", "n", ""};

constexpr Sql kRrsetsAt{
    "SELECT owner, type, ttl, records, comments FROM rrset WHERE zone_id = :a AND owner = :b "
    "ORDER BY type",
    "nt", "tnntt"};
constexpr RowsSql kRrsetsAtPlaces{
    "SELECT owner, type, ttl, records, comments, zone_id FROM rrset WHERE ",
    "(zone_id = ? AND owner = ?)",
    " OR ",
    " ORDER BY type",
    "nt",
    "tnnttn"};
constexpr Sql kAllRrsets{
    "SELECT owner, type, ttl, records, comments FROM rrset WHERE zone_id = :a ORDER BY owner, type",
    "n", "tnntt"};
constexpr Sql kSearchZones{
    "SELECT id, name, settings, serial, sequence, created_at, copy_records FROM zone "
    "WHERE name > :a AND name LIKE :b ESCAPE '\\' ORDER BY name LIMIT :c",
    "ttn", "nttnnnn"};
constexpr Sql kSearchRrsets{
    "SELECT owner, type, ttl, records, comments, name, serial FROM rrset JOIN zone ON id = zone_id "
    "WHERE owner LIKE :a ESCAPE '\\' OR records LIKE :b ESCAPE '\\' "
    "ORDER BY owner, type LIMIT :c",
    "ttn", "tnntttn"};
constexpr Sql kSearchZone{
    "SELECT owner, type, ttl, records, comments FROM rrset WHERE zone_id = :a AND "
    "(owner LIKE :b ESCAPE '\\' OR records LIKE :c ESCAPE '\\') ORDER BY owner, type LIMIT :d",
    "nttn", "tnntt"};
constexpr RowsSql kPutRrsets{
    "INSERT INTO rrset (zone_id, owner, type, ttl, records, comments) VALUES ",
    "(?, ?, ?, ?, ?, ?)",
    ", ",
    " ON CONFLICT (zone_id, owner, type) DO UPDATE SET ttl = excluded.ttl, "
    "records = excluded.records, comments = excluded.comments",
    "ntnntt",
    ""};
constexpr RowsSql kRemoveRrsets{
    "DELETE FROM rrset WHERE ", "(zone_id = ? AND owner = ? AND type = ?)", " OR ", "", "ntn", ""};

constexpr RowsSql kAppendChanges{
    "INSERT INTO change (sequence, zone_id, zone, kind, actor, source, at, comment, old_serial, "
    "new_serial, reverts, diff) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ", ",
    "",
    "nntnttntnnnt",
    ""};
constexpr Sql kFindChange{
    "SELECT sequence, zone_id, zone, kind, actor, source, at, comment, old_serial, new_serial, "
    "reverts, diff FROM change WHERE sequence = :a",
    "n", "nntnttntnnnt"};
constexpr Sql kChangesAfter{
    "SELECT sequence, zone_id, zone, kind, actor, source, at, comment, old_serial, new_serial, "
    "reverts, diff FROM change WHERE sequence > :a ORDER BY sequence LIMIT :b",
    "nn", "nntnttntnnnt"};
constexpr Sql kHistory{
    "SELECT sequence, zone_id, zone, kind, actor, source, at, comment, old_serial, new_serial, "
    "reverts, '' FROM change WHERE zone = :a AND sequence < :b ORDER BY sequence DESC LIMIT :c",
    "tnn", "nntnttntnnnt"};
constexpr Sql kHistoryOfAll{
    "SELECT sequence, zone_id, zone, kind, actor, source, at, comment, old_serial, new_serial, "
    "reverts, '' FROM change WHERE sequence < :a ORDER BY sequence DESC LIMIT :b",
    "nn", "nntnttntnnnt"};

constexpr Sql kFindRepetition{
    "SELECT request, sequence, old_serial, new_serial FROM repetition "
    "WHERE actor = :a AND name = :b",
    "tt", "tnnn"};
constexpr Sql kInsertRepetition{
    "INSERT INTO repetition (actor, name, request, sequence, old_serial, new_serial, at) "
    "VALUES (:a, :b, :c, :d, :e, :f, :g)",
    "tttnnnn", ""};
constexpr Sql kRemoveRepetitions{"DELETE FROM repetition WHERE at < :a", "n", ""};

constexpr Sql kTakeSequences{
    "UPDATE counter SET value = value + :a WHERE name = 'change' RETURNING value", "n", "n"};
constexpr Sql kLastSequence{"SELECT value FROM counter WHERE name = 'change'", "", "n"};

int64_t to_row(uint64_t number) { return static_cast<int64_t>(number); }

// The tables hold what was checked when it came in.
dns::Name name_of(const std::string& text) { return dns::parse_name(text).value_or(dns::Name()); }

Zone zone_of(const Row& row) {
    return {.id = row.number(0),
            .name = name_of(row.text(1)),
            .settings = decode_settings(row.text(2)),
            .serial = static_cast<uint32_t>(row.number(3)),
            .sequence = static_cast<uint64_t>(row.number(4)),
            .created_at = Timestamp(row.number(5)),
            .copy_records = static_cast<uint64_t>(row.number(6))};
}

Rrset rrset_of(const Row& row) {
    return {.owner = name_of(row.text(0)),
            .type = static_cast<dns::RRType>(row.number(1)),
            .ttl = static_cast<uint32_t>(row.number(2)),
            .records = decode_records(row.text(3)),
            .comments = decode_comments(row.text(4))};
}

Change change_of(const Row& row) {
    Change change{.sequence = static_cast<uint64_t>(row.number(0)),
                  .zone_id = row.number(1),
                  .zone = name_of(row.text(2)),
                  .kind = static_cast<ChangeKind>(row.number(3)),
                  .actor = {row.text(4), row.text(5)},
                  .at = Timestamp(row.number(6)),
                  .comment = row.text(7),
                  .old_serial = static_cast<uint32_t>(row.number(8)),
                  .new_serial = static_cast<uint32_t>(row.number(9)),
                  .reverts = {},
                  .diff = decode_diff(row.text(11)).value_or(Diff())};
    if (!row.is_null(10)) change.reverts = static_cast<uint64_t>(row.number(10));
    return change;
}

Result<std::vector<Change>> read_changes(Session& session, const Sql& sql,
                                         std::initializer_list<Value> values) {
    std::vector<Change> changes;
    auto done =
        session.run(sql, values, [&](const Row& row) { changes.push_back(change_of(row)); });
    if (!done) return std::unexpected(done.error());
    return changes;
}

Result<uint64_t> read_number(Session& session, const Sql& sql,
                             std::initializer_list<Value> values) {
    uint64_t number = 0;
    auto done = session.run(sql, values,
                            [&](const Row& row) { number = static_cast<uint64_t>(row.number(0)); });
    if (!done) return std::unexpected(done.error());
    return number;
}

}  // namespace

std::string row_name(const dns::Name& name) { return dns::to_text(name.lowered()); }

std::string place_of(const dns::Name& name) {
    std::string place;
    for (dns::Name rest = name.lowered(); !rest.is_root(); rest = rest.parent()) {
        dns::Name label;
        const bool fits = label.append(rest.wire().subspan(1, rest.wire()[0]));
        assert(fits);
        static_cast<void>(fits);
        place.insert(0, dns::to_text(label));
    }
    return place;
}

Result<std::optional<Zone>> find_zone(Session& session, const dns::Name& name) {
    std::optional<Zone> zone;
    const std::string text = row_name(name);
    auto done = session.run(kFindZone, {text}, [&](const Row& row) { zone = zone_of(row); });
    if (!done) return std::unexpected(done.error());
    return zone;
}

Result<void> list_zones(Session& session, const std::string& after, int64_t count_max,
                        const std::function<void(Zone)>& on_zone) {
    return session.run(kListZones, {after, count_max},
                       [&](const Row& row) { on_zone(zone_of(row)); });
}

Result<void> list_zones_of(Session& session, const std::string& account, const std::string& after,
                           int64_t count_max, const std::function<void(Zone)>& on_zone) {
    return session.run(kListZonesOf, {account, after, count_max},
                       [&](const Row& row) { on_zone(zone_of(row)); });
}

Result<void> find_zones(Session& session, std::span<const std::string> names,
                        const std::function<void(Zone)>& on_zone) {
    std::vector<Fields> rows;
    for (const std::string& name : names) rows.push_back({name});
    return session.run_rows(kFindZones, rows, [&](const Row& row) { on_zone(zone_of(row)); });
}

Result<void> put_zones(Session& session, std::span<const Zone> zones) {
    std::vector<Fields> rows;
    for (const Zone& zone : zones) {
        rows.push_back({zone.id, row_name(zone.name), encode_settings(zone.settings),
                        int64_t{zone.serial}, to_row(zone.sequence),
                        int64_t{zone.created_at.count()}, zone.settings.account,
                        to_row(zone.copy_records), place_of(zone.name)});
    }
    return session.run_rows(kPutZones, rows);
}

Result<void> put_places(Session& session, std::span<const Zone> zones) {
    std::vector<Fields> rows;
    for (const Zone& zone : zones) {
        rows.push_back({zone.id, row_name(zone.name), place_of(zone.name)});
    }
    return session.run_rows(kPutPlaces, rows);
}

Result<bool> has_others_below(Session& session, const dns::Name& name, const std::string& account) {
    const std::string above = place_of(name);
    std::string end = above;  // Before which all stands that begins with `above`, dot and all.
    if (end.empty())
        end.push_back('\x7f');  // Text of names is ASCII that is printed.
    else
        ++end.back();
    bool is_found = false;
    auto done =
        session.run(kFindOthersBelow, {above, end, account}, [&](const Row&) { is_found = true; });
    if (!done) return std::unexpected(done.error());
    return is_found;
}

Result<void> remove_zone(Session& session, int64_t zone_id) {
    auto done = session.run(kEmptyZone, {zone_id});
    return done ? session.run(kRemoveZone, {zone_id}) : done;
}

Result<std::vector<Rrset>> rrsets_at(Session& session, int64_t zone_id, const dns::Name& owner) {
    std::vector<Rrset> rrsets;
    auto done = session.run(kRrsetsAt, {zone_id, row_name(owner)},
                            [&](const Row& row) { rrsets.push_back(rrset_of(row)); });
    if (!done) return std::unexpected(done.error());
    return rrsets;
}

Result<void> each_rrset_at(Session& session, std::span<const RrsetPlace> places,
                           const std::function<void(int64_t zone_id, Rrset)>& on_rrset) {
    std::vector<Fields> rows;
    for (const auto& [zone_id, owner] : places) rows.push_back({zone_id, owner});
    return session.run_rows(kRrsetsAtPlaces, rows,
                            [&](const Row& row) { on_rrset(row.number(5), rrset_of(row)); });
}

Result<void> each_rrset(Session& session, int64_t zone_id,
                        const std::function<void(Rrset)>& on_rrset) {
    return session.run(kAllRrsets, {zone_id}, [&](const Row& row) { on_rrset(rrset_of(row)); });
}

Result<void> zones_of_catalog(Session& session, const std::string& catalog,
                              const std::function<void(const Zone&)>& on_zone) {
    std::string pattern = "%";
    for (const char c : encode_settings({.catalog = catalog})) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return session.run(kZonesLike, {pattern + '%'}, [&](const Row& row) {
        const Zone zone = zone_of(row);
        if (zone.settings.catalog == catalog) on_zone(zone);
    });
}

Result<void> search_zones(Session& session, const std::string& after, const Sought& sought,
                          int64_t count_max, const std::function<void(Zone)>& on_zone) {
    return session.run(kSearchZones, {after, sought.name, count_max},
                       [&](const Row& row) { on_zone(zone_of(row)); });
}

Result<void> search_rrsets(Session& session, const Sought& sought, int64_t count_max,
                           const std::function<void(const dns::Name& zone, Rrset)>& on_rrset) {
    return session.run(kSearchRrsets, {sought.name, sought.records, count_max},
                       [&](const Row& row) {
                           Rrset rrset = rrset_of(row);
                           put_serial(rrset, static_cast<uint32_t>(row.number(6)));
                           on_rrset(name_of(row.text(5)), std::move(rrset));
                       });
}

Result<void> search_zone(Session& session, int64_t zone_id, const Sought& sought, int64_t count_max,
                         const std::function<void(Rrset)>& on_rrset) {
    return session.run(kSearchZone, {zone_id, sought.name, sought.records, count_max},
                       [&](const Row& row) { on_rrset(rrset_of(row)); });
}

Result<void> put_rrsets(Session& session, const RrsetStates& states) {
    std::vector<Fields> there;
    std::vector<Fields> gone;
    for (const auto& [place, rrset] : states) {
        const auto& [zone_id, owner, type] = place;
        if (rrset) {
            there.push_back({zone_id, owner, int64_t{type}, int64_t{rrset->ttl},
                             encode_records(rrset->records), encode_comments(rrset->comments)});
        } else {
            gone.push_back({zone_id, owner, int64_t{type}});
        }
    }
    auto done = session.run_rows(kRemoveRrsets, gone);
    return done ? session.run_rows(kPutRrsets, there) : done;
}

Result<void> append_changes(Session& session, std::span<const Change> changes) {
    std::vector<Fields> rows;
    for (const Change& change : changes) {
        rows.push_back({to_row(change.sequence), change.zone_id, row_name(change.zone),
                        static_cast<int64_t>(change.kind), change.actor.name, change.actor.source,
                        int64_t{change.at.count()}, change.comment, int64_t{change.old_serial},
                        int64_t{change.new_serial},
                        change.reverts ? Field(to_row(*change.reverts)) : Field(),
                        encode_diff(change.diff)});
    }
    return session.run_rows(kAppendChanges, rows);
}

Result<std::optional<Change>> find_change(Session& session, uint64_t sequence) {
    auto changes = read_changes(session, kFindChange, {to_row(sequence)});
    if (!changes) return std::unexpected(changes.error());
    if (changes->empty()) return std::nullopt;
    return std::move(changes->front());
}

Result<std::vector<Change>> list_changes(Session& session, const std::string& zone, uint64_t before,
                                         int64_t count_max) {
    if (zone.empty()) return read_changes(session, kHistoryOfAll, {to_row(before), count_max});
    return read_changes(session, kHistory, {zone, to_row(before), count_max});
}

Result<std::vector<Change>> changes_after(Session& session, uint64_t after, int64_t count_max) {
    return read_changes(session, kChangesAfter, {to_row(after), count_max});
}

Result<std::optional<Repetition>> find_repetition(Session& session, const std::string& actor,
                                                  const std::string& key) {
    std::optional<Repetition> found;
    auto done = session.run(kFindRepetition, {actor, key}, [&](const Row& row) {
        found = {.request = row.text(0),
                 .committed = {.sequence = static_cast<uint64_t>(row.number(1)),
                               .old_serial = static_cast<uint32_t>(row.number(2)),
                               .new_serial = static_cast<uint32_t>(row.number(3)),
                               .is_repeated = true}};
    });
    if (!done) return std::unexpected(done.error());
    return found;
}

Result<void> insert_repetition(Session& session, const Intent& intent, const Repetition& repetition,
                               Timestamp at) {
    const Committed& committed = repetition.committed;
    return session.run(
        kInsertRepetition,
        {intent.actor.name, intent.idempotency_key, repetition.request, to_row(committed.sequence),
         int64_t{committed.old_serial}, int64_t{committed.new_serial}, int64_t{at.count()}});
}

Result<void> remove_repetitions(Session& session, Timestamp before) {
    return session.run(kRemoveRepetitions, {int64_t{before.count()}});
}

Result<uint64_t> take_sequences(Session& session, uint64_t count) {
    const auto last = read_number(session, kTakeSequences, {to_row(count)});
    if (!last) return last;
    return *last - count + 1;
}

Result<uint64_t> last_sequence(Session& session) { return read_number(session, kLastSequence, {}); }

}  // namespace nearcast::control
