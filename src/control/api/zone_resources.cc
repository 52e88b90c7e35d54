// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/servers/localhost/zones

#include "base/clock.h"
#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/api/signing_json.h"
#include "control/api/zone_file_text.h"
#include "control/api/zone_id.h"
#include "control/api/zone_json.h"
#include "control/zone_rows.h"

namespace nearcast::control_api {

using control::ChangeLog;
using control::Committed;
using control::Zone;
using nlohmann::json;

namespace {

bool is_false(const std::optional<std::string>& parameter) {
    return parameter == "false" || parameter == "0" || parameter == "no";
}

// A comment without a time is of now.
void stamp(std::vector<control::Comment>& comments) {
    const auto now = std::chrono::floor<std::chrono::seconds>(base::unix_now());
    for (control::Comment& comment : comments) {
        if (comment.modified_at.count() == 0) comment.modified_at = now;
    }
}

Response forbidden_set(const control::RrsetEdit& edit) {
    return error_reply(403, "RRset " + dns::to_text(edit.owner) + " IN " + dns::to_text(edit.type) +
                                ": The key does not cover it");
}

std::string zone_text(const ChangeLog::Contents& contents) {
    std::string text;
    for (const control::Rrset& rrset : contents.rrsets) {
        for (const control::RecordText& record : rrset.records) {
            if (record.is_disabled) continue;
            text += dns::to_text(rrset.owner) + '\t' + std::to_string(rrset.ttl) + "\tIN\t" +
                    dns::to_text(rrset.type) + '\t' + zone_file_words(rrset.type, record.content) +
                    '\n';
        }
    }
    return text;
}

}  // namespace

json Api::full_zone(const ChangeLog::Contents& contents, bool has_rrsets) {
    json body = summary_of(contents.zone);
    add_details(contents.zone, body);
    if (!has_rrsets) return body;
    json& rrsets = body["rrsets"] = json::array();
    for (const control::Rrset& rrset : contents.rrsets) rrsets.push_back(to_json(rrset));
    return body;
}

// Of several tags that If-Match has, that counts which the zone has now: the transaction still sees
// whether it has it then.
std::expected<control::Intent, Response> Api::intent_on(const dns::Name& name, const Call& call,
                                                        const json& body) {
    auto intent = read_intent(call.request, call.actor, body);
    const auto tags = read_if_match(call.request);
    if (!intent || !tags || !*tags || (*tags)->size() < 2) return intent;
    const auto zone = partners_.changes.zone(name);
    if (!zone) return std::unexpected(error_reply(zone.error()));
    for (const control::Intent::Expected& tag : **tags) {
        const bool is_it = tag.serial.value_or(zone->serial) == zone->serial &&
                           tag.sequence.value_or(zone->sequence) == zone->sequence;
        if (is_it) intent->expected = tag;
    }
    return intent;
}

Response Api::list_zones(const Call& call) {
    json list = json::array();
    if (const auto wanted = call.request.parameter("zone")) {
        const auto name = parse_zone_id(*wanted);
        const bool is_covered = name && call.scope.covers_zone(*name);
        const auto zone = is_covered ? partners_.changes.zone(*name)
                                     : control::Outcome<Zone>(refuse(
                                           control::ChangeError::Kind::NotFound, "no such name"));
        if (zone && call.scope.covers(*zone)) {
            list.push_back(summary_of(*zone));
        }
        const bool is_answer = zone || zone.error().kind == control::ChangeError::Kind::NotFound;
        return is_answer ? json_reply(200, list) : error_reply(zone.error());
    }
    const auto count = read_limit(call.request, UINT64_MAX, UINT64_MAX);
    if (!count) return count.error();
    std::string after = call.request.parameter("after").value_or("");
    bool has_more = true;
    while (has_more && list.size() < *count) {
        const size_t page = std::min<uint64_t>(*count - list.size(), ChangeLog::kPageMax);
        const auto zones = call.scope.tenant.empty()
                               ? partners_.changes.zones(after, page)
                               : partners_.changes.zones_of(call.scope.tenant, after, page);
        if (!zones) return error_reply(zones.error());
        for (const Zone& zone : *zones) {
            if (!call.scope.covers(zone)) continue;
            list.push_back(summary_of(zone));
        }
        if (!zones->empty()) after = control::row_name(zones->back().name);
        has_more = zones->size() == page;
    }
    Response response = json_reply(200, list);
    if (has_more) {
        response.headers.emplace_back(
            "Link", "</api/v1/servers/localhost/zones?limit=" + std::to_string(*count) +
                        "&after=" + escaped(after) + ">; rel=\"next\"");
    }
    return response;
}

Response Api::create_zone(const Call& call) {
    const auto body = read_body(call.request);
    if (!body) return body.error();
    auto zone = read_new_zone(*body);
    if (!zone) return error_reply(zone.error());
    if (!call.scope.covers_zone(zone->name)) return forbidden_zone();
    if (!call.scope.covers_whole_zone(zone->name)) return forbidden_part();
    if (auto wrong = check_settings(call, zone->name, {}, zone->settings)) {
        return *std::move(wrong);
    }
    if (control::is_fetched(zone->settings.kind) &&
        !(zone->rrsets.empty() && zone->nameservers.empty())) {
        return error_reply(422,
                           "What is in a zone of this kind comes from its masters alone: "
                           "neither rrsets nor nameservers");
    }
    if (!call.scope.tenant.empty()) zone->settings.account = call.scope.tenant;
    if (partners_.publisher.is_others(zone->name)) {
        return error_reply(422, "Domain '" + dns::to_text(zone->name) +
                                    "' is a catalog that is made here from the zones there are");
    }
    auto intent = read_intent(call.request, call.actor, *body);
    if (!intent) return intent.error();
    if (call.request.headers.contains("if-match")) {
        return error_reply(412, "If-Match: a zone that is to be made has no version yet");
    }
    zone->intent = *std::move(intent);
    for (control::Rrset& rrset : zone->rrsets) stamp(rrset.comments);
    const auto created = partners_.changes.create_zone(*zone);
    if (!created) return error_reply(created.error());
    const auto contents = contents_of(zone->name);
    if (!contents) return error_reply(contents.error());
    Response response =
        json_reply(201, full_zone(*contents, !is_false(call.request.parameter("rrsets"))));
    add_outcome(*created, response);
    response.headers.emplace_back("Location",
                                  "/api/v1/servers/localhost/zones/" + zone_id(zone->name));
    return response;
}

Response Api::show_zone(const Call& call) {
    const auto name = zone_of(call);
    if (!name) return name.error();
    const bool has_rrsets = !is_false(call.request.parameter("rrsets"));
    control::RrsetFilter filter;
    if (const auto owner = call.request.parameter("rrset_name")) {
        filter.owner = parse_zone_id(*owner);
        if (!filter.owner) return error_reply(422, "rrset_name '" + *owner + "' is not a name");
    }
    if (const auto type = call.request.parameter("rrset_type")) {
        filter.type = dns::parse_rr_type(*type);
        if (!filter.type) return error_reply(422, "rrset_type '" + *type + "' is unknown");
        if (!filter.owner) return error_reply(422, "rrset_type goes with rrset_name");
    }
    // Without its sets a zone is one row, however large it is.
    if (!has_rrsets) filter.owner = filter.owner.value_or(*name);
    const auto contents = contents_of(*name, filter);
    if (!contents) return error_reply(contents.error());
    const std::string etag = etag_of(contents->zone.serial, contents->zone.sequence);
    if (has_seen(call.request, etag)) {
        return {.status = 304, .content_type = {}, .body = {}, .headers = {{"ETag", etag}}};
    }
    Response response = json_reply(200, full_zone(*contents, has_rrsets));
    response.headers.emplace_back("ETag", etag);
    return response;
}

Response Api::edit_zone(const Call& call) {
    const auto name = zone_of(call);
    if (!name) return name.error();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    auto edits = read_edits(*body);
    if (!edits) {
        // A client that asks whether the zone is there at all need not send what is right.
        const auto zone = partners_.changes.zone(*name);
        return zone ? error_reply(edits.error()) : error_reply(zone.error());
    }
    for (const control::RrsetEdit& edit : *edits) {
        if (!call.scope.covers_set(edit.owner, edit.type)) return forbidden_set(edit);
    }
    auto intent = intent_on(*name, call, *body);
    if (!intent) return intent.error();
    for (control::RrsetEdit& edit : *edits) {
        if (edit.comments) stamp(*edit.comments);
    }
    return done_reply(partners_.changes.commit({*name, *std::move(edits), *std::move(intent)}));
}

Response Api::set_zone(const Call& call) {
    const auto name = zone_of(call);
    if (!name) return name.error();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    if (body->contains("rrsets") && !(*body)["rrsets"].empty()) {
        return error_reply(422, "rrsets are changed with PATCH; PUT changes settings alone");
    }
    const auto settings = read_settings(*body);
    if (!settings) return error_reply(422, settings.error());
    const auto zone = partners_.changes.zone(*name);
    if (!zone) return error_reply(zone.error());
    const auto after = settings->applied_to(zone->settings);
    if (auto wrong = check_settings(call, *name, zone->settings, after)) return *std::move(wrong);
    auto intent = intent_on(*name, call, *body);
    if (!intent) return intent.error();
    Response response = done_reply(partners_.changes.update_settings(*name, *settings, *intent));
    const std::string warning = denial_warning(settings->nsec3param.value_or(""));
    if (!warning.empty()) response.headers.emplace_back("X-Nearcast-Warning", warning);
    return response;
}

Response Api::delete_zone(const Call& call) {
    const auto name = zone_of(call);
    if (!name) return name.error();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    auto intent = intent_on(*name, call, *body);
    if (!intent) return intent.error();
    return done_reply(partners_.changes.delete_zone(*name, *intent));
}

// Also for Native zones: there is no other way for a zone to reach the nodes than to be told.
Response Api::notify_zone(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    partners_.notify(zone->name);
    return json_reply(200, {{"result", "Notification queued"}});
}

Response Api::rectify_zone(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    return json_reply(200, {{"result", "Rectified"}});
}

Response Api::export_zone(const Call& call) {
    const auto name = zone_of(call);
    if (!name) return name.error();
    const auto contents = contents_of(*name);
    if (!contents) return error_reply(contents.error());
    std::string text = zone_text(*contents);
    if (call.request.header("accept").find("json") == std::string::npos) {
        return text_reply(std::move(text));
    }
    return json_reply(200, {{"zone", std::move(text)}});
}

}  // namespace nearcast::control_api
