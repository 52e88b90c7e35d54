// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/changes: who changed what, and back.

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/api/zone_id.h"
#include "control/api/zone_json.h"

namespace nearcast::control_api {

using control::ChangeLog;
using nlohmann::json;

namespace {

constexpr uint64_t kPageUsual = 100;

// Zero, which no change has, when it is no number.
uint64_t sequence_of(const std::string& text) {
    uint64_t sequence = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, sequence);
    const bool is_number = read.ec == std::errc() && read.ptr == end && sequence <= INT64_MAX;
    return is_number ? sequence : 0;
}

}  // namespace

Response Api::list_changes(const Call& call) {
    std::optional<dns::Name> zone;
    if (const auto text = call.request.parameter("zone")) {
        zone = parse_zone_id(*text);
        if (!zone) return error_reply(422, "zone '" + *text + "' is not a name");
    }
    std::optional<int64_t>
        zone_id_wanted;  // Of a tenant: what others had under the name is theirs.
    if (!call.scope.covers_all_zones()) {
        if (!zone) return error_reply(403, "A key with limits asks for one zone: ?zone=NAME");
        if (!call.scope.covers_zone(*zone)) return forbidden_zone();
        if (!call.scope.tenant.empty()) {
            const auto found = partners_.changes.zone(*zone);
            if (!found || !call.scope.covers(*found)) return forbidden_zone();
            zone_id_wanted = found->id;
        }
    }
    const auto before = read_number(call.request, "before", INT64_MAX, INT64_MAX);
    if (!before) return before.error();
    const auto count = read_limit(call.request, kPageUsual, ChangeLog::kPageMax);
    if (!count) return count.error();
    const auto changes = partners_.changes.history(zone, *before, *count);
    if (!changes) return error_reply(changes.error());
    json list = json::array();
    for (const control::Change& change : *changes) {
        if (!zone_id_wanted || change.zone_id == *zone_id_wanted) list.push_back(to_json(change));
    }
    Response response = json_reply(200, list);
    if (!changes->empty() && changes->size() == *count) {
        std::string next = "/api/v1/changes?limit=" + std::to_string(*count) +
                           "&before=" + std::to_string(changes->back().sequence);
        if (zone) next += "&zone=" + zone_id(*zone);
        response.headers.emplace_back("Link", "<" + next + ">; rel=\"next\"");
    }
    return response;
}

// A zone that is gone was his if it was so in the end.
bool Api::is_tenants(const control::Change& change, const control::KeyScope& scope) {
    if (change.kind == control::ChangeKind::Delete) {
        return change.diff.settings_before && change.diff.settings_before->account == scope.tenant;
    }
    const auto zone = partners_.changes.zone(change.zone);
    return zone && zone->id == change.zone_id && scope.covers(*zone);
}

std::expected<control::Change, Response> Api::find_change(const Call& call) {
    auto change = partners_.changes.change(sequence_of(call.names[0]));
    const bool is_limited = !call.scope.covers_all_zones();
    if (!change && is_limited) return std::unexpected(forbidden_zone());
    const bool is_number = sequence_of(call.names[0]) != 0;
    if (!change && !is_number) {
        return std::unexpected(
            error_reply(404, "there is no change '" + call.names[0] +
                                 "': changes have numbers, from 1 on (/api/v1/changes)"));
    }
    if (!change) return std::unexpected(error_reply(change.error()));
    if (!call.scope.covers_zone(change->zone)) return std::unexpected(forbidden_zone());
    if (!call.scope.tenant.empty() && !is_tenants(*change, call.scope)) {
        return std::unexpected(forbidden_zone());
    }
    return *std::move(change);
}

std::expected<std::optional<Awaited>, Response> Api::awaited_of(const Request& request) {
    auto awaited = read_wait(request);
    if (!awaited || !*awaited || (*awaited)->who != Awaited::Who::Pop) return awaited;
    const auto pop = partners_.network.pop((*awaited)->pop);
    if (pop) return awaited;
    if (pop.error().kind != control::ChangeError::Kind::NotFound) {
        return std::unexpected(error_reply(pop.error()));
    }
    return std::unexpected(error_reply(422, "wait: there is no place '" + (*awaited)->pop +
                                                "', and nothing was done; nearcast pop list"));
}

// Whether it is served where that is asked for. False at once where the zone cannot be published.
control::Outcome<bool> Api::wait_for(const Awaited& awaited, const control::Change& change) {
    bool is_everywhere = false;
    const auto looked = [&]() -> control::Outcome<bool> {
        if (awaited.who == Awaited::Who::Controller) {
            const auto published = is_published(change);
            is_everywhere = published.value_or(false);
            const bool can_come = published && !is_everywhere;
            return !can_come || partners_.publisher.is_stuck(change.zone_id, change.sequence);
        }
        const auto receipts =
            receipts_json(partners_.network, partners_.receipts, change.sequence, change.zone);
        if (!receipts) return std::unexpected(receipts.error());
        is_everywhere = is_served(*receipts, awaited);
        return is_everywhere || partners_.publisher.is_stuck(change.zone_id, change.sequence);
    };
    const auto ended = partners_.receipts.wait(base::now() + awaited.limit, looked);
    return ended ? control::Outcome<bool>(is_everywhere) : ended;
}

// Of a call that has changed something: it is done, whoever serves it.
void Api::wait_if_asked(const Request& request, Response& response) {
    const auto done = std::ranges::find(response.headers, kChangeHeader,
                                        &std::pair<std::string, std::string>::first);
    const auto awaited = read_wait(request);
    if (done == response.headers.end() || !awaited || !*awaited) return;
    const auto change = partners_.changes.change(sequence_of(done->second));
    const char* answer = "unknown";
    if (change && has_nodes(partners_.network, **awaited)) {
        const auto served = wait_for(**awaited, *change);
        if (served) answer = *served ? "yes" : "no";
        const bool names_nodes = (*awaited)->who != Awaited::Who::Controller;
        if (served && !*served && names_nodes) tell_lagging(*change, **awaited, response);
    }
    response.headers.emplace_back("X-Nearcast-Served", answer);
}

void Api::tell_lagging(const control::Change& change, const Awaited& awaited, Response& response) {
    const auto receipts =
        receipts_json(partners_.network, partners_.receipts, change.sequence, change.zone);
    if (receipts) {
        response.headers.emplace_back("X-Nearcast-Lagging", lagging_nodes(*receipts, awaited));
    }
}

std::optional<bool> Api::is_published(const control::Change& change) const {
    const auto served = partners_.publisher.served_zone(change.zone_id);
    if (served) return served->sequence >= change.sequence;
    if (change.kind == control::ChangeKind::Delete) return true;
    const auto zone = partners_.changes.zone(change.zone);
    const bool is_gone = !zone || zone->id != change.zone_id;
    return is_gone ? std::nullopt : std::optional(false);
}

Response Api::show_change(const Call& call) {
    const auto awaited = awaited_of(call.request);
    if (!awaited) return awaited.error();
    const auto change = find_change(call);
    if (!change) return change.error();
    if (*awaited && has_nodes(partners_.network, **awaited)) {
        const auto waited = wait_for(**awaited, *change);
        if (!waited) return error_reply(waited.error());
    }
    const bool has_diff = call.request.parameter("rrsets").value_or("") != "false";
    json body = has_diff ? full_json(*change) : to_json(*change);
    const auto published = is_published(*change);
    if (published) body["published"] = *published;
    const bool is_behind = published && !*published;
    if (is_behind && partners_.publisher.is_stuck(change->zone_id, change->sequence)) {
        body["not_published"] = partners_.publisher.trouble(change->zone_id);
    }
    const auto receipts =
        receipts_json(partners_.network, partners_.receipts, change->sequence, change->zone);
    if (!receipts) return error_reply(receipts.error());
    body["receipts"] = *receipts;
    return json_reply(200, body);
}

Response Api::revert_change(const Call& call) {
    const auto body = read_body(call.request);
    if (!body) return body.error();
    const auto taken = find_change(call);
    if (!taken) return taken.error();
    auto intent = intent_on(taken->zone, call, *body);
    if (!intent) return intent.error();
    if (taken->kind == control::ChangeKind::Delete && call.request.headers.contains("if-match")) {
        return error_reply(412, "If-Match: a zone that was deleted has no version");
    }
    // Zones come and go with it, or it is of records of any kind.
    const bool is_of_records = taken->kind == control::ChangeKind::Records;
    if (!call.scope.covers_all_sets() ||
        (!is_of_records && call.scope.right < control::Right::Manage)) {
        return error_reply(403, "The key does not cover all that this change touched");
    }
    const control::Diff& diff = taken->diff;
    if (diff.settings_before && diff.settings_after) {
        auto wrong = check_keys(*diff.settings_after, *diff.settings_before);
        if (wrong) return *std::move(wrong);
    }
    const uint64_t sequence = taken->sequence;
    if (intent->comment.empty()) intent->comment = "revert " + std::to_string(sequence);
    const auto reverted = partners_.changes.revert(sequence, *intent);
    if (!reverted) return error_reply(reverted.error());
    const auto change = partners_.changes.change(reverted->sequence);
    if (!change) return error_reply(change.error());
    Response response = json_reply(201, full_json(*change));
    response.headers.emplace_back(kChangeHeader, std::to_string(reverted->sequence));
    return response;
}

}  // namespace nearcast::control_api
