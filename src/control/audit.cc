// SPDX-License-Identifier: Apache-2.0

#include "control/audit.h"

#include <algorithm>
#include <array>
#include <utility>

#include "control/stored_text.h"
#include "control/text_digest.h"
#include "control/zone_rows.h"

namespace nearcast::control {
namespace {

using base::Result;

constexpr int64_t kPage = 1000;

constexpr Sql kLastLink{"SELECT link FROM audit ORDER BY sequence DESC LIMIT 1", "", "t"};
constexpr RowsSql kAppend{
    "INSERT INTO audit (sequence, at, actor, source, action, subject, detail, link) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?)",
    ", ",
    "",
    "nntttttt",
    ""};
constexpr Sql kNewest{
    "SELECT sequence, at, actor, source, action, subject, detail, link FROM audit "
    "WHERE sequence < :a ORDER BY sequence DESC LIMIT :b",
    "nn", "nntttttt"};
// With the change that it is about, if it is about one.
constexpr Sql kWalk{
    "SELECT a.sequence, a.at, a.actor, a.source, a.action, a.subject, a.detail, a.link, "
    "c.diff, c.actor, c.zone, c.source, c.at, c.kind, c.comment, c.old_serial, c.new_serial, "
    "c.reverts, c.zone_id FROM audit a LEFT JOIN change c ON c.sequence = a.sequence "
    "WHERE a.sequence > :a ORDER BY a.sequence LIMIT :b",
    "nn",
    "nntttttt"
    "ttttnntnnnn"};
constexpr Sql kUnaudited{
    "SELECT COUNT(*) FROM change c LEFT JOIN audit a ON a.sequence = c.sequence "
    "WHERE a.sequence IS NULL",
    "", "n"};

constexpr std::array<const char*, 5> kActions{"zone.create", "zone.delete", "zone.settings",
                                              "records.change", "zone.transfer"};

bool is_of_change(const AuditEntry& entry) {
    return std::ranges::find(kActions, entry.action) != kActions.end();
}

AuditEntry entry_of(const Row& row) {
    return {.sequence = static_cast<uint64_t>(row.number(0)),
            .at = Timestamp(row.number(1)),
            .actor = {row.text(2), row.text(3)},
            .action = row.text(4),
            .subject = row.text(5),
            .detail = row.text(6),
            .link = row.text(7)};
}

std::string link_of(const std::string& before, const AuditEntry& entry) {
    std::string text =
        before + '\n' + std::to_string(entry.sequence) + '\n' + std::to_string(entry.at.count());
    for (const std::string* part :
         {&entry.actor.name, &entry.actor.source, &entry.action, &entry.subject, &entry.detail}) {
        // With its size, so that no two entries are the same text.
        text += '\n' + std::to_string(part->size()) + ' ' + *part;
    }
    return text_digest(text);
}

// In front of the digests that are made today. Those of before cover less, and have nothing there.
constexpr std::string_view kDigestVersion = "2:";

// Of what an entry does not say of its change.
struct Told {
    int64_t zone_id = 0;
    std::string diff;
    std::string comment;
    int64_t old_serial = 0;
    int64_t new_serial = 0;
    int64_t reverts = 0;
};

std::string text_without_zone(const Told& told) {
    return std::to_string(told.old_serial) + ' ' + std::to_string(told.new_serial) + ' ' +
           std::to_string(told.reverts) + ' ' + std::to_string(told.comment.size()) + ' ' +
           told.comment + told.diff;
}

std::string digest_of(const Told& told) {
    return std::string(kDigestVersion) +
           text_digest(std::to_string(told.zone_id) + ' ' + text_without_zone(told));
}

// The first entries of all bear the digest of the diff alone, later ones one without the zone's
// number.
bool is_as_told(const Row& row, const std::string& digest) {
    const Told told{.zone_id = row.number(18),
                    .diff = row.text(8),
                    .comment = row.text(14),
                    .old_serial = row.number(15),
                    .new_serial = row.number(16),
                    .reverts = row.is_null(17) ? 0 : row.number(17)};
    if (digest.starts_with(kDigestVersion)) return digest == digest_of(told);
    return digest == text_digest(text_without_zone(told)) || digest == text_digest(told.diff);
}

bool is_of_kind(const Row& row, const AuditEntry& entry) {
    const auto kind = static_cast<size_t>(row.number(13));
    return kind < kActions.size() && entry.action == kActions[kind];
}

// Why the row is not as it was written; empty when it is.
std::string fault_of(const Row& row, const AuditEntry& entry, const std::string& before) {
    if (link_of(before, entry) != entry.link) return "the entry, or one before it, was altered";
    if (!is_of_change(entry)) return {};
    if (row.is_null(8)) return "its change is gone";
    if (!is_as_told(row, entry.detail)) {
        return "the diff of its change, its comment, a serial or its zone was altered";
    }
    if (row.text(9) != entry.actor.name || row.text(11) != entry.actor.source) {
        return "the actor of its change was altered";
    }
    if (row.number(12) != entry.at.count()) return "the time of its change was altered";
    if (!is_of_kind(row, entry)) return "the kind of its change was altered";
    return row.text(10) == entry.subject ? "" : "the zone of its change was altered";
}

Result<void> learn_last(Session& session, AuditLink& last) {
    if (last) return {};
    std::string link;  // Empty in front of the first entry of all.
    auto done = session.run(kLastLink, {}, [&](const Row& row) { link = row.text(0); });
    if (done) last = std::move(link);
    return done;
}

// The entry with its link, behind the last one, which it becomes.
Fields linked(AuditEntry entry, AuditLink& last) {
    last = link_of(*last, entry);
    return {static_cast<int64_t>(entry.sequence),
            int64_t{entry.at.count()},
            std::move(entry.actor.name),
            std::move(entry.actor.source),
            std::move(entry.action),
            std::move(entry.subject),
            std::move(entry.detail),
            *last};
}

AuditEntry entry_of(const Change& change) {
    return {.sequence = change.sequence,
            .at = change.at,
            .actor = change.actor,
            .action = kActions[static_cast<size_t>(change.kind)],
            .subject = row_name(change.zone),
            .detail = digest_of({.zone_id = change.zone_id,
                                 .diff = encode_diff(change.diff),
                                 .comment = change.comment,
                                 .old_serial = change.old_serial,
                                 .new_serial = change.new_serial,
                                 .reverts = static_cast<int64_t>(change.reverts.value_or(0))})};
}

}  // namespace

Result<void> append_audit(Session& session, AuditEntry entry) {
    AuditLink last;
    if (auto done = learn_last(session, last); !done) return done;
    return session.run_rows(kAppend, std::array{linked(std::move(entry), last)});
}

Result<void> append_audit(Session& session, std::span<const Change> changes, AuditLink& last) {
    if (auto done = learn_last(session, last); !done) return done;
    std::vector<Fields> rows;
    for (const Change& change : changes) rows.push_back(linked(entry_of(change), last));
    return session.run_rows(kAppend, rows);
}

Outcome<std::vector<AuditEntry>> read_audit(Database& database, uint64_t before, size_t count_max) {
    std::vector<AuditEntry> entries;
    const auto from = static_cast<int64_t>(std::min<uint64_t>(before, INT64_MAX));
    const auto done = database.read([&](Session& session) {
        entries.clear();
        return session.run(kNewest, {from, static_cast<int64_t>(count_max)},
                           [&](const Row& row) { entries.push_back(entry_of(row)); });
    });
    if (!done) return unavailable(done.error());
    return entries;
}

Outcome<AuditVerdict> verify_audit(Database& database) {
    AuditVerdict verdict;
    const auto done = database.read_together([&](Session& session) -> Result<void> {
        verdict = {};
        int64_t after = -1;
        for (bool has_more = true; has_more && !verdict.broken_at;) {
            has_more = false;
            auto walked = session.run(kWalk, {after, kPage}, [&](const Row& row) {
                const AuditEntry entry = entry_of(row);
                has_more = true;
                after = row.number(0);
                if (verdict.broken_at) return;
                verdict.reason = fault_of(row, entry, verdict.last_link);
                if (!verdict.reason.empty()) verdict.broken_at = entry.sequence;
                verdict.last_link = entry.link;
                ++verdict.entries;
            });
            if (!walked) return walked;
        }
        if (verdict.broken_at) return {};
        return session.run(kUnaudited, {}, [&](const Row& row) {
            if (row.number(0) == 0) return;
            verdict.broken_at = 0;
            verdict.reason = std::to_string(row.number(0)) + " changes have no entry";
        });
    });
    if (!done) return unavailable(done.error());
    return verdict;
}

}  // namespace nearcast::control
