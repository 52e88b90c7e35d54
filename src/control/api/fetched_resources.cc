// SPDX-License-Identifier: Apache-2.0
//
// What zones have to do with their primaries: /api/v1/transfers and axfr-retrieve.

#include <algorithm>
#include <array>

#include "base/address.h"
#include "control/api/api.h"
#include "control/api/reply.h"
#include "control/api/zone_json.h"
#include "control/version_sets.h"
#include "control/zone_rows.h"

namespace nearcast::control_api {

using control::ChangeLog;
using control::IncomingZones;
using control::Zone;
using nlohmann::json;

namespace {

// Each is asked in turn when those before it are silent, which takes some seconds.
constexpr size_t kMastersMax = 16;

// The controller's own machine, and networks that are not the Internet's, are not a tenant's to
// reach: what he is told of a primary would tell what is there.
bool is_inner(const base::IpAddress& address) {
    static const std::array prefixes{
        *base::parse_ip_prefix("0.0.0.0/8"),      *base::parse_ip_prefix("10.0.0.0/8"),
        *base::parse_ip_prefix("100.64.0.0/10"),  *base::parse_ip_prefix("127.0.0.0/8"),
        *base::parse_ip_prefix("169.254.0.0/16"), *base::parse_ip_prefix("172.16.0.0/12"),
        *base::parse_ip_prefix("192.168.0.0/16"), *base::parse_ip_prefix("224.0.0.0/3"),
        *base::parse_ip_prefix("::/80"),          *base::parse_ip_prefix("fc00::/7"),
        *base::parse_ip_prefix("fe80::/10"),      *base::parse_ip_prefix("ff00::/8")};
    return std::ranges::any_of(prefixes,
                               [&](const auto& prefix) { return prefix.contains(address); });
}

std::string_view state_of(const IncomingZones::Status& status) {
    if (!status.has_data) return status.is_expired ? "expired" : "waiting";
    return status.problem.empty() ? "current" : "failing";
}

json transfer_json(const Zone& zone, const IncomingZones::Status& status) {
    const auto checked_at = status.checked_at;
    return {{"zone", dns::to_text(zone.name)},
            {"state", state_of(status)},
            {"serial", status.has_data ? json(status.serial) : json()},
            {"masters", zone.settings.masters},
            {"tsig_key", zone.settings.primary_key},
            {"source", status.source ? json(base::to_text(*status.source)) : json()},
            {"checked_at", checked_at.count() == 0 ? json() : json(time_text(checked_at))},
            {"expires_in", status.expires_in ? json(*status.expires_in) : json()},
            {"problem", status.problem}};
}

// Whether a tenant may name them. A key is known by its name to all, and signs for whoever may use
// it.
std::optional<Response> check_primaries(const control::ZoneSettings& settings) {
    for (const std::string& master : settings.masters) {
        if (!is_inner(control::parse_master(master)->ip)) continue;
        return error_reply(422, "Master '" + master + "' is not one that a tenant may name");
    }
    if (settings.primary_key.empty()) return std::nullopt;
    return error_reply(422, "A tenant names no TSIG key for the primaries of a zone");
}

Response not_fetched(const Zone& zone) {
    return error_reply(422, "Domain '" + control::row_name(zone.name) +
                                "' is not a slave domain (or has no master defined)");
}

}  // namespace

// What a catalog lists is a change of it: only who has it may list zones there.
std::optional<Response> Api::check_catalog(const Call& call, const dns::Name& name,
                                           const control::ZoneSettings& before,
                                           const control::ZoneSettings& after) const {
    if (after.catalog.empty() || after.catalog == before.catalog) return std::nullopt;
    if (control::is_catalog(after.kind)) {
        return error_reply(422, "Domain '" + control::row_name(name) +
                                    "' is a catalog itself, and is listed in none");
    }
    const auto catalog = dns::parse_name(after.catalog).value_or(dns::Name());
    if (!call.scope.covers_whole_zone(catalog)) return forbidden_zone();
    const auto zone = partners_.changes.zone(catalog);
    const bool is_missing = !zone && zone.error().kind == control::ChangeError::Kind::NotFound;
    if (!zone && !is_missing) return error_reply(zone.error());
    const bool is_hidden = is_missing ? !call.scope.tenant.empty() : !call.scope.covers(*zone);
    if (is_hidden) return forbidden_zone();
    if (zone && zone->settings.kind == control::ZoneKind::Producer) return std::nullopt;
    return error_reply(422, "Catalog '" + after.catalog + "' is no zone of kind Producer");
}

std::optional<Response> Api::check_settings(const Call& call, const dns::Name& name,
                                            const control::ZoneSettings& before,
                                            const control::ZoneSettings& after) const {
    using control::ZoneKind;
    // What it lists are zones of any name.
    if (after.kind == ZoneKind::Consumer && !call.scope.zones.empty()) {
        return error_reply(403, "The key covers some zones alone, and a Consumer makes any");
    }
    if (auto wrong = check_catalog(call, name, before, after)) return wrong;
    if (auto wrong = check_keys(before, after)) return wrong;
    const bool has_new_key = after.primary_key != before.primary_key && !after.primary_key.empty();
    if (has_new_key && !control::is_fetched(after.kind)) {
        return error_reply(422,
                           "slave_tsig_key_ids is for zones of kind Slave, whose masters are "
                           "asked with the key");
    }
    if (!control::is_fetched(after.kind)) return std::nullopt;
    if (after.masters.empty() || after.masters.size() > kMastersMax) {
        return error_reply(422, "Domain '" + control::row_name(name) +
                                    "' needs one to 16 masters, as it is of kind " +
                                    std::string(to_text(after.kind)));
    }
    // What somebody else has chosen may stay.
    const bool is_as_before =
        before.masters == after.masters && before.primary_key == after.primary_key;
    if (is_as_before) return std::nullopt;
    if (!call.scope.tenant.empty()) return check_primaries(after);
    if (after.primary_key.empty() || partners_.incoming.knows_key(after.primary_key)) {
        return std::nullopt;
    }
    return error_reply(422, "slave_tsig_key_ids: TSIG key '" + after.primary_key + "' is unknown");
}

control::Outcome<ChangeLog::Contents> Api::contents_of(const dns::Name& name,
                                                       const control::RrsetFilter& filter) {
    auto contents = partners_.changes.contents(name, filter);
    if (!contents || !control::is_fetched(contents->zone.settings.kind)) return contents;
    const auto copy = partners_.incoming.pin(name, contents->zone.id);
    if (!copy) return contents;
    contents->rrsets = control::sets_of(copy->version(), filter.owner);
    if (filter.type) {
        std::erase_if(contents->rrsets,
                      [&](const control::Rrset& rrset) { return rrset.type != *filter.type; });
    }
    return contents;
}

json Api::summary_of(const Zone& zone) {
    json body = to_json(zone, partners_.published_serial(zone));
    if (const auto trouble = partners_.publisher.trouble(zone.id); !trouble.empty()) {
        body["not_published"] = trouble;
    }
    if (!control::is_fetched(zone.settings.kind)) return body;
    body["last_check"] = partners_.incoming.status(zone.name, zone.id).checked_at.count();
    return body;
}

Response Api::retrieve_zone(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    if (!control::is_fetched(zone->settings.kind)) return not_fetched(*zone);
    partners_.incoming.retrieve(zone->name);
    return json_reply(200,
                      {{"result", "Added retrieval request for '" + control::row_name(zone->name) +
                                      "' from primary " + zone->settings.masters.front()}});
}

Response Api::show_transfer(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    if (!control::is_fetched(zone->settings.kind)) return not_fetched(*zone);
    return json_reply(200, transfer_json(*zone, partners_.incoming.status(zone->name, zone->id)));
}

}  // namespace nearcast::control_api
