// SPDX-License-Identifier: Apache-2.0

#include "control/zone_change.h"

#include <algorithm>
#include <utility>

#include "control/catalog_rows.h"
#include "control/edit_plan.h"
#include "control/record_content.h"
#include "control/signing_settings.h"
#include "control/soa_serial.h"
#include "control/zone_rows.h"
#include "dns/rdata.h"
#include "dns/serial.h"
#include "signing/node_sets.h"

namespace nearcast::control {
namespace {

using base::Result;
using dns::RRType;
using Kind = ChangeError::Kind;
using Turn = GroupCommit::Turn;

// SOA timers of a zone that brings no SOA: refreshed by NOTIFY, so these are for when that is lost.
constexpr std::string_view kSoaTimers = "10800 3600 604800 3600";
constexpr uint32_t kSoaTtl = 3600;

constexpr std::string_view kNotCovered = "The key does not cover this zone";

std::chrono::seconds seconds_of(const Turn& turn) {
    return std::chrono::floor<std::chrono::seconds>(turn.now);
}

std::string serial_text(uint32_t serial) { return std::to_string(serial); }

std::unexpected<ChangeError> no_such_zone(const dns::Name& name) {
    return refuse(Kind::NotFound, "Could not find domain '" + dns::to_text(name) + "'");
}

// The same words whether there is such a zone or not.
Outcome<void> check_owner(const Actor& actor, const std::optional<Zone>& zone) {
    if (actor.tenant.empty() || (zone && zone->settings.account == actor.tenant)) return {};
    return refuse(Kind::Forbidden, std::string(kNotCovered));
}

// The zone, if it is there and as the actor has seen it.
Result<Outcome<Zone>> expect_zone(GroupRows& rows, const dns::Name& name, const Intent& intent) {
    auto found = rows.find_zone(name);
    if (!found) return std::unexpected(found.error());
    if (auto owned = check_owner(intent.actor, *found); !owned) {
        return Outcome<Zone>(std::unexpected(owned.error()));
    }
    if (!*found) return Outcome<Zone>(no_such_zone(name));
    const Intent::Expected& expected = intent.expected;
    if (expected.serial && *expected.serial != (*found)->serial) {
        return Outcome<Zone>(refuse(
            Kind::Conflict, "the zone has serial " + serial_text((*found)->serial) + ", not " +
                                serial_text(*expected.serial) + ": it was changed since"));
    }
    if (expected.sequence && *expected.sequence != (*found)->sequence) {
        return Outcome<Zone>(refuse(Kind::Conflict, "the zone or its settings were changed since"));
    }
    return Outcome<Zone>(std::move(**found));
}

Result<RrsetsByName> read_names(GroupRows& rows, int64_t zone_id,
                                const std::vector<dns::Name>& names) {
    RrsetsByName current;
    if (auto done = rows.read_owners(zone_id, names); !done) return std::unexpected(done.error());
    for (const dns::Name& name : names) {
        auto rrsets = rows.rrsets_at(zone_id, name);
        if (!rrsets) return std::unexpected(rrsets.error());
        if (!rrsets->empty()) current.emplace(dns::key_of(name), *std::move(rrsets));
    }
    return current;
}

// The serial of a SOA that is part of the change, and is another than the one it stands in for.
std::optional<uint32_t> sent_serial(const std::vector<RrsetChange>& changes) {
    for (const RrsetChange& change : changes) {
        if (change.either().type != RRType::SOA || !change.after) continue;
        return serial_in(change.after->records.front().content);
    }
    return std::nullopt;
}

Change change_of(const Turn& turn, const Zone& zone, ChangeKind kind, const Intent& intent) {
    Change change;
    change.sequence = turn.sequence;
    change.zone_id = zone.id;
    change.zone = zone.name;
    change.kind = kind;
    change.actor = intent.actor;
    change.at = turn.now;
    change.comment = intent.comment;
    change.old_serial = zone.serial;
    change.new_serial = zone.serial;
    return change;
}

Committed committed(const Change& change) {
    return {.sequence = change.sequence,
            .old_serial = change.old_serial,
            .new_serial = change.new_serial,
            .is_repeated = false};
}

int64_t count_of(const std::optional<Rrset>& rrset) {
    return rrset ? static_cast<int64_t>(rrset->records.size()) : 0;
}

// Of all sets of the zone, and of its copy.
Result<int64_t> count_in(GroupRows& rows, const Zone& zone) {
    auto count = static_cast<int64_t>(zone.copy_records);
    const auto session = rows.settled();
    if (!session) return std::unexpected(session.error());
    auto done = each_rrset(**session, zone.id,
                           [&](const Rrset& rrset) { count += count_of(std::optional(rrset)); });
    if (!done) return std::unexpected(done.error());
    return count;
}

// Nobody but its primaries changes what is in a zone that is fetched.
Outcome<void> check_editable(const Zone& zone) {
    if (!is_fetched(zone.settings.kind)) return {};
    std::string masters;
    for (const std::string& master : zone.settings.masters) {
        masters += (masters.empty() ? "" : ", ") + master;
    }
    return refuse(Kind::Invalid, "Domain '" + row_name(zone.name) + "' is of kind " +
                                     std::string(to_text(zone.settings.kind)) +
                                     ": its records come from " + masters +
                                     ", and are changed there");
}

// What the change takes of the quotas of the accounts that the zone has, before and after it.
Result<Outcome<void>> admit(GroupRows& rows, const Turn& turn, const Zone& zone,
                            const Change& change) {
    // How much a primary may send was said before.
    if (turn.quotas == nullptr || change.kind == ChangeKind::Transfer) return Outcome<void>();
    Take take{.zones = change.kind == ChangeKind::Create ? 1 : 0};
    for (const RrsetChange& rrset : change.diff.rrsets) {
        take.records += count_of(rrset.after) - count_of(rrset.before);
    }
    if (change.kind == ChangeKind::Delete) take.records -= static_cast<int64_t>(zone.copy_records);
    const ZoneSettings& after = change.diff.settings_after.value_or(zone.settings);
    const bool is_moved = change.diff.settings_before && change.diff.settings_after &&
                          change.diff.settings_before->account != after.account;
    // Zones are counted in their table.
    const bool needs_zones = !after.account.empty() && (take.zones > 0 || is_moved);
    if (needs_zones) {
        if (auto done = rows.write(); !done) return std::unexpected(done.error());
    }
    Session& session = rows.session();
    if (!is_moved) return turn.quotas->admit(session, after.account, take, turn.now);
    const auto count = count_in(rows, zone);
    if (!count) return std::unexpected(count.error());
    auto admitted = turn.quotas->admit(session, after.account, {1, *count}, turn.now);
    if (!admitted || !*admitted) return admitted;
    const auto given = Quotas::count(session, change.diff.settings_before->account, -*count);
    if (!given) return std::unexpected(given.error());
    return admitted;
}

// Whether a zone of that name can be signed so.
Outcome<void> check_signing(const Zone& zone, const Change& change) {
    if (!change.diff.settings_after) return {};
    const auto denial = parse_denial(change.diff.settings_after->nsec3param);
    if (!denial) return refuse(Kind::Invalid, denial.error().message);
    const auto fits = signing::check_denial(*denial, zone.name.wire());
    return fits ? Outcome<void>() : refuse(Kind::Invalid, fits.error().message);
}

// Writes the sets, the zone and the change, unless a quota does not allow it.
Answer write(GroupRows& rows, const Turn& turn, Zone zone, Change change) {
    if (auto checked = check_signing(zone, change); !checked) {
        return Outcome<Committed>(std::unexpected(checked.error()));
    }
    const auto admitted = admit(rows, turn, zone, change);
    if (!admitted) return std::unexpected(admitted.error());
    if (!*admitted) return Outcome<Committed>(std::unexpected(admitted->error()));
    for (const RrsetChange& rrset : change.diff.rrsets) {
        if (change.kind == ChangeKind::Transfer) break;  // They are kept elsewhere.
        if (auto done = rows.put_rrset(zone.id, rrset); !done) {
            return std::unexpected(done.error());
        }
    }
    zone.serial = change.new_serial;
    zone.sequence = change.sequence;
    if (change.diff.settings_after) zone.settings = *change.diff.settings_after;
    rows.put_zone(zone);
    const Committed answer = committed(change);
    rows.append(std::move(change));
    return answer;
}

Outcome<Committed> nothing_changed(const Zone& zone) {
    return Committed{.sequence = zone.sequence,
                     .old_serial = zone.serial,
                     .new_serial = zone.serial,
                     .is_repeated = false};
}

// `serial`: that the zone is to have, whatever its settings say of it.
Answer write_records(GroupRows& rows, const Turn& turn, const Zone& zone, Change change,
                     std::optional<uint32_t> serial = std::nullopt) {
    if (change.diff.rrsets.empty() && !serial) return nothing_changed(zone);
    const auto last = rows.last_serial(zone);
    if (!last) return std::unexpected(last.error());
    const bool is_reused = serial && *last != zone.serial && !dns::is_later_serial(*serial, *last);
    if (is_reused) serial = dns::next_serial(*last);
    change.new_serial = serial
                            ? *serial
                            : next_edited_serial(zone.settings.soa_edit_api, *last,
                                                 sent_serial(change.diff.rrsets), seconds_of(turn));
    return write(rows, turn, zone, std::move(change));
}

// What the zone's serial becomes by a SOA that is as the zone has it, but for a later serial.
std::optional<uint32_t> raised_serial(const Turn& turn, const Zone& zone,
                                      const std::vector<RrsetEdit>& edits) {
    for (const RrsetEdit& edit : edits) {
        const bool is_soa = edit.type == RRType::SOA && edit.kind == RrsetEdit::Kind::Replace;
        if (!is_soa || !edit.records || edit.records->size() != 1) continue;
        const auto soa = parse_content(RRType::SOA, edit.records->front().content);
        const auto sent = soa ? serial_in(dns::rdata_to_text(RRType::SOA, *soa)) : std::nullopt;
        if (!sent || !dns::is_later_serial(*sent, zone.serial)) continue;
        return next_edited_serial(zone.settings.soa_edit_api, zone.serial, sent, seconds_of(turn));
    }
    return std::nullopt;
}

Answer write_edits(GroupRows& rows, const Turn& turn, const Zone& zone, const Intent& intent,
                   const DerivedEdits& derived) {
    if (auto editable = check_editable(zone); !editable) {
        return Outcome<Committed>(std::unexpected(editable.error()));
    }
    auto current = read_names(rows, zone.id, touched_names(derived.edits));
    if (!current) return std::unexpected(current.error());
    auto planned = plan_edits(zone.name, *current, derived.edits);
    if (!planned) return Outcome<Committed>(refuse(std::move(planned.error())));
    if (auto editable = check_catalog_edits(zone, *planned); !editable) {
        return Outcome<Committed>(std::unexpected(editable.error()));
    }
    auto serial = derived.serial;
    if (planned->empty() && !serial) serial = raised_serial(turn, zone, derived.edits);
    Change change = change_of(turn, zone, ChangeKind::Records, intent);
    change.diff.rrsets = *std::move(planned);
    return write_records(rows, turn, zone, std::move(change), serial);
}

bool has_set(const std::vector<Rrset>& rrsets, const dns::Name& owner, RRType type) {
    return std::ranges::any_of(
        rrsets, [&](const Rrset& rrset) { return rrset.type == type && rrset.owner == owner; });
}

// The name server that a SOA names first: one of the zone's own if it has any.
dns::Name primary_of(const NewZone& zone, const dns::Name& fallback) {
    if (!zone.nameservers.empty()) return zone.nameservers.front();
    for (const Rrset& rrset : zone.rrsets) {
        if (rrset.type != RRType::NS || !(rrset.owner == zone.name) || rrset.records.empty()) {
            continue;
        }
        return dns::parse_name(rrset.records.front().content).value_or(fallback);
    }
    return fallback;
}

// What the zone brings, with what it needs and does not bring. A secondary brings nothing.
std::vector<Rrset> completed(const NewZone& zone, const dns::Name& primary) {
    std::vector<Rrset> rrsets = zone.rrsets;
    if (is_fetched(zone.settings.kind)) return rrsets;
    if (!zone.nameservers.empty()) {
        Rrset ns{zone.name, RRType::NS, kSoaTtl, {}, {}};
        for (const dns::Name& server : zone.nameservers) {
            ns.records.push_back({dns::to_text(server), false});
        }
        rrsets.push_back(std::move(ns));
    }
    if (!has_set(rrsets, zone.name, RRType::SOA)) {
        const std::string mailbox =
            zone.name.is_root() ? "hostmaster." : "hostmaster." + dns::to_text(zone.name);
        const std::string content = dns::to_text(primary_of(zone, primary)) + ' ' + mailbox +
                                    " 0 " + std::string(kSoaTimers);
        rrsets.push_back({zone.name, RRType::SOA, kSoaTtl, {{content, false}}, {}});
    }
    return rrsets;
}

// Of a catalog that was deleted, what it has beside its members and what follows from them.
std::vector<Rrset> own_sets(const Zone& zone, std::vector<RrsetChange> changes) {
    std::vector<Rrset> sets;
    for (RrsetChange& change : changes) {
        if (change.after && change.after->owner == zone.name) sets.push_back(*change.after);
    }
    return sets;
}

// A catalog lists the zones that name it, however long they do.
Result<Outcome<void>> fill_catalog(GroupRows& rows, const Zone& zone, Change& change) {
    if (zone.settings.kind != ZoneKind::Producer) return Outcome<void>();
    auto frame = catalog_frame(zone.name, own_sets(zone, std::move(change.diff.rrsets)));
    if (!frame) return Outcome<void>(std::unexpected(frame.error()));
    auto listed = listed_sets(rows, zone.name);
    if (!listed) return std::unexpected(listed.error());
    change.diff.rrsets.clear();
    for (auto* sets : {&*frame, &*listed}) {
        for (Rrset& rrset : *sets) change.diff.rrsets.push_back({std::nullopt, std::move(rrset)});
    }
    return Outcome<void>();
}

// Inserts the zone and what is in it. `floor`: the serial is later than this one.
Answer insert(GroupRows& rows, const Turn& turn, Zone zone, Change change,
              std::optional<uint32_t> floor) {
    const auto filled = fill_catalog(rows, zone, change);
    if (!filled) return std::unexpected(filled.error());
    if (!*filled) return Outcome<Committed>(std::unexpected(filled->error()));
    const auto sent = sent_serial(change.diff.rrsets);
    const uint32_t first = first_serial(zone.settings.soa_edit_api, seconds_of(turn));
    zone.serial = sent && *sent != 0 ? *sent : first;
    if (floor) {
        zone.serial =
            next_edited_serial(zone.settings.soa_edit_api, *floor, sent, seconds_of(turn));
    }
    if (is_fetched(zone.settings.kind)) zone.serial = 0;  // Of nothing, so far.
    change.old_serial = 0;
    change.new_serial = zone.serial;
    change.diff.settings_after = zone.settings;
    return write(rows, turn, zone, std::move(change));
}

Result<std::vector<RrsetChange>> all_rrsets(GroupRows& rows, int64_t zone_id) {
    std::vector<RrsetChange> changes;
    const auto session = rows.settled();
    if (!session) return std::unexpected(session.error());
    auto done = each_rrset(**session, zone_id, [&](Rrset rrset) {
        changes.push_back({std::move(rrset), std::nullopt});
    });
    if (!done) return std::unexpected(done.error());
    return changes;
}

Answer remove(GroupRows& rows, const Turn& turn, const Zone& zone, Change change) {
    auto all = all_rrsets(rows, zone.id);
    if (!all) return std::unexpected(all.error());
    change.new_serial = 0;
    change.diff.rrsets = *std::move(all);
    change.diff.settings_before = zone.settings;
    const auto admitted = admit(rows, turn, zone, change);
    if (!admitted) return std::unexpected(admitted.error());
    if (!*admitted) return Outcome<Committed>(std::unexpected(admitted->error()));
    if (auto done = rows.remove_zone(zone); !done) return std::unexpected(done.error());
    const Committed answer = committed(change);
    rows.append(std::move(change));
    return answer;
}

Zone new_zone(const Turn& turn, const dns::Name& name, const ZoneSettings& settings) {
    return {.id = static_cast<int64_t>(turn.sequence),
            .name = name.lowered(),
            .settings = settings,
            .serial = 0,
            .sequence = turn.sequence,
            .created_at = turn.now};
}

Answer take_back_records(GroupRows& rows, const Turn& turn, const Zone& zone, Change change,
                         const Change& taken) {
    std::vector<RrsetEdit> touched;
    for (const RrsetChange& rrset : taken.diff.rrsets) {
        touched.push_back({.owner = rrset.either().owner, .records = {}, .comments = {}});
    }
    auto current = read_names(rows, zone.id, touched_names(touched));
    if (!current) return std::unexpected(current.error());
    auto planned = plan_revert(zone.name, *current, taken.diff);
    if (!planned) {
        auto error = refuse(std::move(planned.error()));
        error.error().kind = Kind::Superseded;
        return Outcome<Committed>(error);
    }
    if (auto editable = check_catalog_edits(zone, *planned); !editable) {
        return Outcome<Committed>(std::unexpected(editable.error()));
    }
    change.diff.rrsets = *std::move(planned);
    return write_records(rows, turn, zone, std::move(change));
}

// A tenant makes no zone within another's, nor one that has another's within it: either would take
// answers away from him. What all names of a registry, or all there are, lie in is no tenant's.
Result<Outcome<void>> check_place(GroupRows& rows, const dns::Name& name, const Actor& actor) {
    if (actor.tenant.empty()) return Outcome<void>();
    if (name.label_count() < 2) {
        return Outcome<void>(refuse(Kind::Forbidden,
                                    "A zone of the root or of a name of one label is made by "
                                    "whoever runs the controller"));
    }
    for (dns::Name apex = name; !apex.is_root(); apex = apex.parent()) {
        const auto found = rows.find_zone(apex);
        if (!found) return std::unexpected(found.error());
        if (!*found) continue;
        if (auto owned = check_owner(actor, *found); !owned) return owned;
    }
    const auto session = rows.settled();
    if (!session) return std::unexpected(session.error());
    const auto is_others = has_others_below(**session, name, actor.tenant);
    if (!is_others) return std::unexpected(is_others.error());
    return *is_others ? check_owner(actor, std::nullopt) : Outcome<void>();
}

// A zone that was deleted comes back, as another one of the same name.
Answer take_back_deletion(GroupRows& rows, const Turn& turn, const Change& taken,
                          const Intent& intent) {
    auto found = rows.find_zone(taken.zone);
    if (!found) return std::unexpected(found.error());
    const ZoneSettings& lost = taken.diff.settings_before.value_or(ZoneSettings());
    if (!intent.actor.tenant.empty() && lost.account != intent.actor.tenant) {
        return Outcome<Committed>(refuse(Kind::Forbidden, std::string(kNotCovered)));
    }
    if (auto free = check_place(rows, taken.zone, intent.actor); !free || !*free) {
        if (!free) return std::unexpected(free.error());
        return Outcome<Committed>(std::unexpected(free->error()));
    }
    if (*found) {
        return Outcome<Committed>(
            refuse(Kind::Exists, "a zone of that name is there again: " + row_name(taken.zone)));
    }
    const Zone zone =
        new_zone(turn, taken.zone, taken.diff.settings_before.value_or(ZoneSettings()));
    Change change = change_of(turn, zone, ChangeKind::Create, intent);
    change.reverts = taken.sequence;
    for (const RrsetChange& rrset : taken.diff.rrsets) {
        change.diff.rrsets.push_back({std::nullopt, rrset.before});
    }
    return insert(rows, turn, zone, std::move(change), taken.old_serial);
}

Answer take_back_within(GroupRows& rows, const Turn& turn, const Change& taken,
                        const Intent& intent) {
    auto zone = expect_zone(rows, taken.zone, intent);
    if (!zone) return std::unexpected(zone.error());
    if (!*zone) return Outcome<Committed>(std::unexpected((*zone).error()));
    if ((*zone)->id != taken.zone_id) {
        return Outcome<Committed>(refuse(
            Kind::Superseded, "the zone of that change was deleted, and is another one now"));
    }
    if (taken.kind == ChangeKind::Transfer) {
        if (auto editable = check_editable(**zone); !editable) {
            return Outcome<Committed>(std::unexpected(editable.error()));
        }
    }
    Change change = change_of(turn, **zone, taken.kind, intent);
    change.reverts = taken.sequence;
    if (taken.kind == ChangeKind::Records) {
        return take_back_records(rows, turn, **zone, std::move(change), taken);
    }
    if ((*zone)->sequence != taken.sequence && taken.kind == ChangeKind::Create) {
        return Outcome<Committed>(
            refuse(Kind::Superseded,
                   "the zone was changed since it was created; delete it to be rid of it"));
    }
    if (taken.kind == ChangeKind::Create) {
        change.kind = ChangeKind::Delete;
        return remove(rows, turn, **zone, std::move(change));
    }
    if (taken.diff.settings_after != (*zone)->settings) {
        return Outcome<Committed>(
            refuse(Kind::Superseded, "the settings of the zone were changed since"));
    }
    change.diff.settings_before = (*zone)->settings;
    change.diff.settings_after = taken.diff.settings_before;
    return write(rows, turn, **zone, std::move(change));
}

}  // namespace

Answer edit_zone(GroupRows& rows, const Turn& turn, const ChangeRequest& request) {
    auto zone = expect_zone(rows, request.zone, request.intent);
    if (!zone) return std::unexpected(zone.error());
    if (!*zone) return Outcome<Committed>(std::unexpected((*zone).error()));
    return write_edits(rows, turn, **zone, request.intent, {.edits = request.edits});
}

Answer derive_zone(GroupRows& rows, const Turn& turn, const DerivedRequest& request) {
    auto zone = expect_zone(rows, request.zone, request.intent);
    if (!zone) return std::unexpected(zone.error());
    if (!*zone) return Outcome<Committed>(std::unexpected((*zone).error()));
    const int64_t zone_id = (*zone)->id;
    const auto derived = request.derive({**zone, [&rows, zone_id](const dns::Name& owner) {
                                             return rows.rrsets_at(zone_id, owner);
                                         }});
    if (!derived) return std::unexpected(derived.error());
    if (!*derived) return Outcome<Committed>(std::unexpected(derived->error()));
    return write_edits(rows, turn, **zone, request.intent, **derived);
}

Answer make_zone(GroupRows& rows, const Turn& turn, const NewZone& request,
                 const dns::Name& primary) {
    auto found = rows.find_zone(request.name);
    if (!found) return std::unexpected(found.error());
    if (auto free = check_place(rows, request.name, request.intent.actor); !free || !*free) {
        if (!free) return std::unexpected(free.error());
        return Outcome<Committed>(std::unexpected(free->error()));
    }
    if (*found) {
        return Outcome<Committed>(
            refuse(Kind::Exists, "Domain '" + row_name(request.name) + "' already exists"));
    }
    auto planned = plan_new_zone(request.name, completed(request, primary));
    if (!planned) return Outcome<Committed>(refuse(std::move(planned.error())));
    const Zone zone = new_zone(turn, request.name, request.settings);
    if (auto fitting = check_catalog_edits(zone, *planned); !fitting) {
        return Outcome<Committed>(std::unexpected(fitting.error()));
    }
    Change change = change_of(turn, zone, ChangeKind::Create, request.intent);
    change.diff.rrsets = *std::move(planned);
    return insert(rows, turn, zone, std::move(change), std::nullopt);
}

Answer end_zone(GroupRows& rows, const Turn& turn, const dns::Name& name, const Intent& intent) {
    auto zone = expect_zone(rows, name, intent);
    if (!zone) return std::unexpected(zone.error());
    if (!*zone) return Outcome<Committed>(std::unexpected((*zone).error()));
    return remove(rows, turn, **zone, change_of(turn, **zone, ChangeKind::Delete, intent));
}

Answer set_settings(GroupRows& rows, const Turn& turn, const dns::Name& name,
                    const SettingsEdit& edit, const Intent& intent) {
    auto zone = expect_zone(rows, name, intent);
    if (!zone) return std::unexpected(zone.error());
    if (!*zone) return Outcome<Committed>(std::unexpected((*zone).error()));
    const ZoneSettings after = edit.applied_to((*zone)->settings);
    const ZoneKind kind = (*zone)->settings.kind;
    if (is_fetched(after.kind) != is_fetched(kind) || is_catalog(after.kind) != is_catalog(kind)) {
        return Outcome<Committed>(
            refuse(Kind::Invalid, "Domain '" + row_name(name) + "' cannot become one of kind " +
                                      std::string(to_text(after.kind)) +
                                      ": export it, delete it, and create it anew"));
    }
    if (!intent.actor.tenant.empty() && after.account != intent.actor.tenant) {
        return Outcome<Committed>(
            refuse(Kind::Forbidden, "the account of a zone is not a tenant's to change"));
    }
    if (after == (*zone)->settings) return nothing_changed(**zone);
    Change change = change_of(turn, **zone, ChangeKind::Settings, intent);
    change.diff.settings_before = (*zone)->settings;
    change.diff.settings_after = after;
    return write(rows, turn, **zone, std::move(change));
}

// Another controller may have noted it before.
Answer note_version(GroupRows& rows, const Turn& turn, const FetchedVersion& version) {
    auto zone = rows.find_zone(version.zone);
    if (!zone) return std::unexpected(zone.error());
    if (!*zone || (*zone)->id != version.zone_id) {
        return Outcome<Committed>(no_such_zone(version.zone));
    }
    if ((*zone)->serial == version.serial) return nothing_changed(**zone);
    Change change = change_of(turn, **zone, ChangeKind::Transfer, version.intent);
    change.new_serial = version.serial;
    change.diff.rrsets = version.changes;
    Zone next = **zone;
    next.copy_records = version.record_count;
    const int64_t more =
        static_cast<int64_t>(next.copy_records) - static_cast<int64_t>((*zone)->copy_records);
    if (auto done = Quotas::count(rows.session(), next.settings.account, more); !done) {
        return std::unexpected(done.error());
    }
    return write(rows, turn, std::move(next), std::move(change));
}

Answer take_back(GroupRows& rows, const Turn& turn, uint64_t sequence, const Intent& intent) {
    const auto session = rows.settled();
    if (!session) return std::unexpected(session.error());
    auto taken = find_change(**session, sequence);
    if (!taken) return std::unexpected(taken.error());
    if (!*taken) {
        return Outcome<Committed>(
            refuse(Kind::NotFound, "there is no change " + std::to_string(sequence)));
    }
    if ((*taken)->kind == ChangeKind::Delete) {
        return take_back_deletion(rows, turn, **taken, intent);
    }
    return take_back_within(rows, turn, **taken, intent);
}

}  // namespace nearcast::control
