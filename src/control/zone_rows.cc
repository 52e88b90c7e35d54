// SPDX-License-Identifier: Apache-2.0

#include "control/zone_rows.h"

#include <utility>

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
constexpr Sql kInsertZone{
    "INSERT INTO zone (id, name, settings, serial, sequence, created_at, account) "
    "VALUES (:a, :b, :c, :d, :e, :f, :g)",
    "nttnnnt", ""};
constexpr Sql kUpdateZone{
    "UPDATE zone SET settings = :a, serial = :b, sequence = :c, account = :d, copy_records = :e "
    "WHERE id = :f",
    "tnntnn", ""};
constexpr Sql kListZonesOf{
    "SELECT id, name, settings, serial, sequence, created_at, copy_records FROM zone "
    "WHERE account = :a AND "
    "name > :b ORDER BY name LIMIT :c",
    "ttn", "nttnnnn"};
constexpr Sql kRemoveZone{"DELETE FROM zone WHERE id = :a", "n", ""};
constexpr Sql kRemoveRrsets{"DELETE FROM rrset WHERE zone_id = :a", "n", ""};

constexpr Sql kRrsetsAt{
    "SELECT owner, type, ttl, records, comments FROM rrset WHERE zone_id = :a AND owner = :b "
    "ORDER BY type",
    "nt", "tnntt"};
constexpr Sql kAllRrsets{
    "SELECT owner, type, ttl, records, comments FROM rrset WHERE zone_id = :a ORDER BY owner, type",
    "n", "tnntt"};
constexpr Sql kSearchZones{
    "SELECT id, name, settings, serial, sequence, created_at, copy_records FROM zone "
    "WHERE name > :a AND name LIKE :b ESCAPE '\\' ORDER BY name LIMIT :c",
    "ttn", "nttnnnn"};
constexpr Sql kSearchRrsets{
    "SELECT owner, type, ttl, records, comments, name FROM rrset JOIN zone ON id = zone_id "
    "WHERE owner LIKE :a ESCAPE '\\' OR records LIKE :b ESCAPE '\\' "
    "ORDER BY owner, type LIMIT :c",
    "ttn", "tnnttt"};
constexpr Sql kSearchZone{
    "SELECT owner, type, ttl, records, comments FROM rrset WHERE zone_id = :a AND "
    "(owner LIKE :b ESCAPE '\\' OR records LIKE :c ESCAPE '\\') ORDER BY owner, type LIMIT :d",
    "nttn", "tnntt"};
constexpr Sql kInsertRrset{
    "INSERT INTO rrset (zone_id, owner, type, ttl, records, comments) "
    "VALUES (:a, :b, :c, :d, :e, :f)",
    "ntnntt", ""};
constexpr Sql kUpdateRrset{
    "UPDATE rrset SET ttl = :a, records = :b, comments = :c "
    "WHERE zone_id = :d AND owner = :e AND type = :f",
    "nttntn", ""};
constexpr Sql kRemoveRrset{"DELETE FROM rrset WHERE zone_id = :a AND owner = :b AND type = :c",
                           "ntn", ""};

constexpr Sql kAppendChange{
    "INSERT INTO change (sequence, zone_id, zone, kind, actor, source, at, comment, old_serial, "
    "new_serial, reverts, diff) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l)",
    "nntnttntnnnt", ""};
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

Result<void> insert_zone(Session& session, const Zone& zone) {
    return session.run(kInsertZone, {zone.id, row_name(zone.name), encode_settings(zone.settings),
                                     int64_t{zone.serial}, to_row(zone.sequence),
                                     int64_t{zone.created_at.count()}, zone.settings.account});
}

Result<void> update_zone(Session& session, const Zone& zone) {
    return session.run(kUpdateZone,
                       {encode_settings(zone.settings), int64_t{zone.serial}, to_row(zone.sequence),
                        zone.settings.account, to_row(zone.copy_records), zone.id});
}

Result<void> remove_zone(Session& session, int64_t zone_id) {
    auto done = session.run(kRemoveRrsets, {zone_id});
    return done ? session.run(kRemoveZone, {zone_id}) : done;
}

Result<std::vector<Rrset>> rrsets_at(Session& session, int64_t zone_id, const dns::Name& owner) {
    std::vector<Rrset> rrsets;
    auto done = session.run(kRrsetsAt, {zone_id, row_name(owner)},
                            [&](const Row& row) { rrsets.push_back(rrset_of(row)); });
    if (!done) return std::unexpected(done.error());
    return rrsets;
}

Result<void> each_rrset(Session& session, int64_t zone_id,
                        const std::function<void(Rrset)>& on_rrset) {
    return session.run(kAllRrsets, {zone_id}, [&](const Row& row) { on_rrset(rrset_of(row)); });
}

Result<void> search_zones(Session& session, const std::string& after, const std::string& pattern,
                          int64_t count_max, const std::function<void(Zone)>& on_zone) {
    return session.run(kSearchZones, {after, pattern, count_max},
                       [&](const Row& row) { on_zone(zone_of(row)); });
}

Result<void> search_rrsets(Session& session, const std::string& pattern, int64_t count_max,
                           const std::function<void(const dns::Name& zone, Rrset)>& on_rrset) {
    // The data of a record lies anywhere in its set's.
    return session.run(kSearchRrsets, {pattern, "%" + pattern + "%", count_max},
                       [&](const Row& row) { on_rrset(name_of(row.text(5)), rrset_of(row)); });
}

Result<void> search_zone(Session& session, int64_t zone_id, const std::string& pattern,
                         int64_t count_max, const std::function<void(Rrset)>& on_rrset) {
    return session.run(kSearchZone, {zone_id, pattern, "%" + pattern + "%", count_max},
                       [&](const Row& row) { on_rrset(rrset_of(row)); });
}

Result<void> put_rrset(Session& session, int64_t zone_id, const RrsetChange& change) {
    const std::string owner = row_name(change.either().owner);
    const auto type = static_cast<int64_t>(change.either().type);
    if (!change.after) return session.run(kRemoveRrset, {zone_id, owner, type});
    const int64_t ttl = change.after->ttl;
    const std::string records = encode_records(change.after->records);
    const std::string comments = encode_comments(change.after->comments);
    if (!change.before) {
        return session.run(kInsertRrset, {zone_id, owner, type, ttl, records, comments});
    }
    return session.run(kUpdateRrset, {ttl, records, comments, zone_id, owner, type});
}

Result<void> append_change(Session& session, const Change& change) {
    const Value reverts = change.reverts ? Value(to_row(*change.reverts)) : Value();
    return session.run(kAppendChange,
                       {to_row(change.sequence), change.zone_id, row_name(change.zone),
                        static_cast<int64_t>(change.kind), change.actor.name, change.actor.source,
                        int64_t{change.at.count()}, change.comment, int64_t{change.old_serial},
                        int64_t{change.new_serial}, reverts, encode_diff(change.diff)});
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
