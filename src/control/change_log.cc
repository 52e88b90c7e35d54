// SPDX-License-Identifier: Apache-2.0

#include "control/change_log.h"

#include <algorithm>
#include <utility>

#include "control/edit_plan.h"
#include "control/soa_serial.h"
#include "control/stored_text.h"
#include "control/text_digest.h"
#include "control/wall_clock.h"
#include "control/zone_change.h"
#include "control/zone_rows.h"

namespace nearcast::control {
namespace {

using base::Result;
using Kind = ChangeError::Kind;

// How long a client may come back with the same idempotency key.
constexpr Timestamp kRepetitionAge = std::chrono::hours(24);
constexpr size_t kIdempotencyKeySizeMax = 255;
constexpr size_t kCommentTextMax = 4096;

std::string text_of(const RrsetEdit& edit) {
    std::string text = std::to_string(static_cast<int>(edit.kind)) + ' ' + row_name(edit.owner) +
                       ' ' + dns::to_text(edit.type) + ' ' + std::to_string(edit.ttl) + '\n';
    if (edit.records) text += "r\n" + encode_records(*edit.records);
    if (edit.comments) text += "c\n" + encode_comments(*edit.comments);
    return text;
}

std::string text_of(const NewZone& zone) {
    Diff diff;
    diff.settings_after = zone.settings;
    for (const Rrset& rrset : zone.rrsets) diff.rrsets.push_back({std::nullopt, rrset});
    std::string text = "create " + row_name(zone.name) + '\n' + encode_diff(diff);
    for (const dns::Name& server : zone.nameservers) text += row_name(server) + '\n';
    return text;
}

std::string text_of(const SettingsEdit& edit) {
    // Over two opposite settings, so that what is set shows, whatever it is set to.
    ZoneSettings other{.kind = ZoneKind::Consumer, .account = "?", .masters = {"?"}};
    other.primary_key = other.soa_edit_api = other.soa_edit = other.catalog = "?";
    other.nsec3param = other.signing = "?";
    other.is_signed = other.is_nsec3_narrow = true;
    other.is_rectified = false;
    return encode_settings(edit.applied_to({})) + '\n' + encode_settings(edit.applied_to(other));
}

// What is done unless the same was done under this key before.
Result<Outcome<Committed>> once(GroupRows& rows, const GroupCommit::Turn& turn,
                                const Intent& intent, const std::string& request,
                                const GroupCommit::Job& job) {
    Session& session = rows.session();
    if (auto done = remove_repetitions(session, turn.now - kRepetitionAge); !done) {
        return std::unexpected(done.error());
    }
    auto found = find_repetition(session, intent.actor.name, intent.idempotency_key);
    if (!found) return std::unexpected(found.error());
    if (*found) {
        if ((*found)->request == request) return Outcome<Committed>((*found)->committed);
        return Outcome<Committed>(
            refuse(Kind::Invalid, "the idempotency key was used for another request"));
    }
    auto answer = job(rows, turn);
    if (!answer || !*answer) return answer;
    auto done = insert_repetition(session, intent, {request, **answer}, turn.now);
    if (!done) return std::unexpected(done.error());
    return answer;
}

// Reads, and wraps what the database says.
template <typename T, typename Read>
Outcome<T> answered(Result<void> done, Read&& found) {
    if (!done) return unavailable(done.error());
    return std::forward<Read>(found);
}

// The pattern as LIKE has it. Names are kept with their last dot, which may be left out here; the
// data of a record lies anywhere in its set's.
Sought sought_by(const std::string& pattern) {
    std::string like;
    for (const char c : pattern) {
        if (c == '%' || c == '_' || c == '\\') like += '\\';
        like += c == '*' ? '%' : c == '?' ? '_' : c;
    }
    const bool has_end = pattern.ends_with('.') || pattern.ends_with('*');
    return {.name = has_end ? like : like + '.', .records = '%' + like + '%'};
}

// Those that are like it, of the ones that the filter leaves.
Result<void> find_zones(Session& session, const Sought& sought, size_t count_max,
                        const ChangeLog::ZoneFilter& covers, ChangeLog::Found& found) {
    std::string after;
    std::vector<Zone> zones;
    do {
        zones.clear();
        auto done = search_zones(session, after, sought, ChangeLog::kPageMax,
                                 [&](Zone zone) { zones.push_back(std::move(zone)); });
        if (!done) return done;
        for (Zone& zone : zones) {
            after = row_name(zone.name);
            if (found.zones.size() == count_max) return {};
            if (!covers || covers(zone)) found.zones.push_back(std::move(zone));
        }
    } while (zones.size() == ChangeLog::kPageMax);
    return {};
}

// Zone by zone, so that what others have takes no part in it: not even time.
Result<void> find_rrsets(Session& session, const Sought& sought, size_t count_max,
                         const ChangeLog::ZoneFilter& covers, ChangeLog::Found& found) {
    std::string after;
    std::vector<Zone> zones;
    do {
        zones.clear();
        auto done = list_zones(session, after, ChangeLog::kPageMax,
                               [&](Zone zone) { zones.push_back(std::move(zone)); });
        if (!done) return done;
        for (const Zone& zone : zones) {
            after = row_name(zone.name);
            if (!covers(zone)) continue;
            const auto left = static_cast<int64_t>(count_max - found.rrsets.size());
            if (left == 0) return {};
            done = search_zone(session, zone.id, sought, left, [&](Rrset rrset) {
                put_serial(rrset, zone.serial);
                found.rrsets.emplace_back(zone.name, std::move(rrset));
            });
            if (!done) return done;
        }
    } while (zones.size() == ChangeLog::kPageMax);
    return {};
}

std::unexpected<ChangeError> no_such_zone(const dns::Name& name) {
    return refuse(Kind::NotFound, "Could not find domain '" + dns::to_text(name) + "'");
}

}  // namespace

ChangeLog::ChangeLog(Database& database, ChangeLogOptions options)
    : database_(database),
      options_(std::move(options)),
      commits_(database, options_.now ? options_.now : wall_now, options_.on_commit,
               options_.quotas) {}

Outcome<Committed> ChangeLog::run(const Intent& intent, std::string request, GroupCommit::Job job,
                                  std::optional<GroupRows::Look> look) {
    if (intent.comment.size() > kCommentTextMax) {
        return refuse(Kind::Invalid, "the comment is longer than 4096 bytes");
    }
    if (intent.idempotency_key.empty()) return commits_.run(std::move(job), std::move(look));
    if (intent.idempotency_key.size() > kIdempotencyKeySizeMax) {
        return refuse(Kind::Invalid, "the idempotency key is longer than 255 bytes");
    }
    return commits_.run(
        [&intent, digest = text_digest(request), job = std::move(job)](
            GroupRows& rows, const GroupCommit::Turn& turn) {
            return once(rows, turn, intent, digest, job);
        },
        std::move(look));
}

Outcome<Committed> ChangeLog::commit(const ChangeRequest& request) {
    if (request.edits.size() > kEditsMax) {
        return refuse(Kind::Invalid,
                      "more than " + std::to_string(kEditsMax) + " RRsets in one change");
    }
    std::string text = "edit " + row_name(request.zone) + '\n';
    if (!request.intent.idempotency_key.empty()) {
        for (const RrsetEdit& edit : request.edits) text += text_of(edit);
    }
    return run(
        request.intent, std::move(text),
        [&](GroupRows& rows, const auto& turn) { return edit_zone(rows, turn, request); },
        GroupRows::Look{request.zone, touched_names(request.edits)});
}

Outcome<Committed> ChangeLog::commit_derived(const DerivedRequest& request) {
    return run(
        request.intent, "",
        [&](GroupRows& rows, const auto& turn) { return derive_zone(rows, turn, request); },
        GroupRows::Look{request.zone});
}

Outcome<Committed> ChangeLog::create_zone(const NewZone& zone) {
    std::string text = zone.intent.idempotency_key.empty() ? "" : text_of(zone);
    return run(
        zone.intent, std::move(text),
        [&](GroupRows& rows, const auto& turn) {
            return make_zone(rows, turn, zone, options_.primary);
        },
        GroupRows::Look{zone.name});
}

Outcome<Committed> ChangeLog::delete_zone(const dns::Name& zone, const Intent& intent) {
    return run(intent, "delete " + row_name(zone), [&](GroupRows& rows, const auto& turn) {
        return end_zone(rows, turn, zone, intent);
    });
}

Outcome<Committed> ChangeLog::update_settings(const dns::Name& zone, const SettingsEdit& edit,
                                              const Intent& intent) {
    return run(intent, "settings " + row_name(zone) + '\n' + text_of(edit),
               [&](GroupRows& rows, const auto& turn) {
                   return set_settings(rows, turn, zone, edit, intent);
               });
}

Outcome<Committed> ChangeLog::take_version(const FetchedVersion& version) {
    return run(version.intent, "", [&](GroupRows& rows, const auto& turn) {
        return note_version(rows, turn, version);
    });
}

Outcome<uint64_t> ChangeLog::room_for_copy(const dns::Name& name) {
    std::optional<Zone> zone;
    uint64_t room = UINT64_MAX;
    auto done = database_.read_together([&](Session& session) -> Result<void> {
        auto found = find_zone(session, name);
        if (!found) return std::unexpected(found.error());
        zone = *std::move(found);
        if (!zone || options_.quotas == nullptr) return {};
        const auto& account = zone->settings.account;
        const auto left = options_.quotas->room_for(session, account, zone->copy_records);
        if (!left) return std::unexpected(left.error());
        room = *left;
        return {};
    });
    if (!done) return unavailable(done.error());
    if (!zone) return no_such_zone(name);
    return room;
}

Outcome<Committed> ChangeLog::revert(uint64_t sequence, const Intent& intent) {
    return run(
        intent, "revert " + std::to_string(sequence),
        [&](GroupRows& rows, const auto& turn) { return take_back(rows, turn, sequence, intent); });
}

Outcome<Zone> ChangeLog::zone(const dns::Name& name) {
    std::optional<Zone> zone;
    auto done = database_.read([&](Session& session) -> Result<void> {
        auto found = find_zone(session, name);
        if (!found) return std::unexpected(found.error());
        zone = *std::move(found);
        return {};
    });
    if (!done) return unavailable(done.error());
    if (!zone) return no_such_zone(name);
    return *std::move(zone);
}

Outcome<std::vector<Zone>> ChangeLog::zones(const std::string& after, size_t count_max) {
    std::vector<Zone> zones;
    auto done = database_.read([&](Session& session) {
        zones.clear();
        return list_zones(session, after, static_cast<int64_t>(count_max),
                          [&](Zone zone) { zones.push_back(std::move(zone)); });
    });
    return answered<std::vector<Zone>>(std::move(done), std::move(zones));
}

Outcome<std::vector<Zone>> ChangeLog::zones_of(const std::string& account, const std::string& after,
                                               size_t count_max) {
    std::vector<Zone> zones;
    auto done = database_.read([&](Session& session) {
        zones.clear();
        return list_zones_of(session, account, after, static_cast<int64_t>(count_max),
                             [&](Zone zone) { zones.push_back(std::move(zone)); });
    });
    return answered<std::vector<Zone>>(std::move(done), std::move(zones));
}

Outcome<ChangeLog::Contents> ChangeLog::contents(const dns::Name& name, const RrsetFilter& filter) {
    std::optional<Zone> zone;
    std::vector<Rrset> rrsets;
    auto done = database_.read_together([&](Session& session) -> Result<void> {
        rrsets.clear();
        auto found = find_zone(session, name);
        if (!found) return std::unexpected(found.error());
        zone = *std::move(found);
        if (!zone) return {};
        if (!filter.owner) {
            return each_rrset(session, zone->id,
                              [&](Rrset rrset) { rrsets.push_back(std::move(rrset)); });
        }
        auto there = rrsets_at(session, zone->id, *filter.owner);
        if (!there) return std::unexpected(there.error());
        rrsets = *std::move(there);
        return {};
    });
    if (!done) return unavailable(done.error());
    if (!zone) return no_such_zone(name);
    if (filter.type) {
        std::erase_if(rrsets, [&](const Rrset& rrset) { return rrset.type != *filter.type; });
    }
    for (Rrset& rrset : rrsets) put_serial(rrset, zone->serial);
    return Contents{*std::move(zone), std::move(rrsets)};
}

Outcome<ChangeLog::Found> ChangeLog::search(const std::string& pattern, size_t count_max,
                                            const ZoneFilter& covers) {
    Found found;
    const Sought sought = sought_by(pattern);
    auto done = database_.read_together([&](Session& session) {
        found = {};
        auto searched = find_zones(session, sought, count_max, covers, found);
        if (!searched) return searched;
        if (covers) return find_rrsets(session, sought, count_max, covers, found);
        return search_rrsets(session, sought, static_cast<int64_t>(count_max),
                             [&](const dns::Name& zone, Rrset rrset) {
                                 found.rrsets.emplace_back(zone, std::move(rrset));
                             });
    });
    return answered<Found>(std::move(done), std::move(found));
}

Outcome<std::vector<Change>> ChangeLog::history(const std::optional<dns::Name>& zone,
                                                uint64_t before, size_t count_max) {
    std::vector<Change> changes;
    auto done = database_.read([&](Session& session) -> Result<void> {
        auto found =
            list_changes(session, zone ? row_name(*zone) : "",
                         std::min<uint64_t>(before, INT64_MAX), static_cast<int64_t>(count_max));
        if (!found) return std::unexpected(found.error());
        changes = *std::move(found);
        return {};
    });
    return answered<std::vector<Change>>(std::move(done), std::move(changes));
}

Outcome<Change> ChangeLog::change(uint64_t sequence) {
    std::optional<Change> change;
    auto done = database_.read([&](Session& session) -> Result<void> {
        auto found = find_change(session, sequence);
        if (!found) return std::unexpected(found.error());
        change = *std::move(found);
        return {};
    });
    if (!done) return unavailable(done.error());
    if (!change) return refuse(Kind::NotFound, "there is no change " + std::to_string(sequence));
    return *std::move(change);
}

Outcome<std::vector<Change>> ChangeLog::changes_after(uint64_t sequence, size_t count_max) {
    std::vector<Change> changes;
    auto done = database_.read([&](Session& session) -> Result<void> {
        auto found = control::changes_after(session, sequence, static_cast<int64_t>(count_max));
        if (!found) return std::unexpected(found.error());
        changes = *std::move(found);
        return {};
    });
    return answered<std::vector<Change>>(std::move(done), std::move(changes));
}

Outcome<uint64_t> ChangeLog::last_sequence() {
    uint64_t sequence = 0;
    auto done = database_.read([&](Session& session) -> Result<void> {
        auto found = control::last_sequence(session);
        if (!found) return std::unexpected(found.error());
        sequence = *found;
        return {};
    });
    return answered<uint64_t>(std::move(done), std::move(sequence));
}

}  // namespace nearcast::control
