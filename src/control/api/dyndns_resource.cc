// SPDX-License-Identifier: Apache-2.0
//
// /nic/update: addresses that change, told by routers and programs in the words of DynDNS2.
//
// One word a host name: good, nochg, nohost, notfqdn, dnserr, 911; or one for all of them. The
// password is a key of the API; the user's name is nothing to us. Programs read words with the
// status 200 alone, but for badauth.

#include <algorithm>
#include <functional>

#include "control/api/api.h"
#include "control/api/json_member.h"
#include "control/api/reply.h"

namespace nearcast::control_api {

using control::ChangeError;
using control::RrsetEdit;
using dns::RRType;

namespace {

// Of addresses that are new: they may change at any moment. Somebody chose that of others.
constexpr uint32_t kTtl = 60;
constexpr size_t kHostsMax = 20;

struct Update {
    RRType type = RRType::A;
    std::string address;
};

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const size_t end = std::min(text.find(','), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

// The addresses that are named, or the one that the request comes from. One of a family.
std::vector<Update> updates_of(const Request& request) {
    std::vector<std::string> texts = split(request.parameter("myip").value_or(""));
    for (const std::string& text : split(request.parameter("myipv6").value_or(""))) {
        texts.push_back(text);
    }
    if (texts.empty()) texts.push_back(request.peer);
    std::vector<Update> updates;
    for (const std::string& text : texts) {
        const auto address = base::parse_ip_address(text);
        if (!address) return {};
        const RRType type = address->is_v6 ? RRType::AAAA : RRType::A;
        const auto is_same = [&](const Update& each) { return each.type == type; };
        if (std::ranges::none_of(updates, is_same)) {
            updates.push_back({type, base::to_text(*address)});
        }
    }
    return updates;
}

bool is_yes(const std::optional<std::string>& parameter) {
    return parameter && in_capitals(*parameter) == "YES";
}

// Of a host that is offline nothing is left of both families.
std::vector<RrsetEdit> edits_of(const dns::Name& name, const std::vector<Update>& updates) {
    std::vector<RrsetEdit> edits;
    for (const Update& update : updates) {
        edits.push_back({.kind = RrsetEdit::Kind::Replace,
                         .owner = name,
                         .type = update.type,
                         .ttl = kTtl,
                         .records = {{{update.address, false}}},
                         .keeps_ttl = true});
    }
    return edits;
}

std::vector<RrsetEdit> offline_edits(const dns::Name& name) {
    std::vector<RrsetEdit> edits;
    for (const RRType type : {RRType::A, RRType::AAAA}) {
        edits.push_back({.kind = RrsetEdit::Kind::Delete, .owner = name, .type = type});
    }
    return edits;
}

std::string joined(const std::vector<Update>& updates) {
    std::string text;
    for (const Update& update : updates) text += (text.empty() ? "" : ",") + update.address;
    return text;
}

std::string answer_of(bool is_changed, const std::vector<Update>& updates) {
    const std::string addresses = joined(updates);
    return (is_changed ? "good" : "nochg") + (addresses.empty() ? "" : ' ' + addresses) + '\n';
}

// Of a change that was not made. Programs leave a name alone at others than 911, which passes.
const char* word_of(ChangeError::Kind kind) {
    switch (kind) {
        case ChangeError::Kind::NotFound:
            return "nohost\n";
        case ChangeError::Kind::TooFast:
        case ChangeError::Kind::Unavailable:
            return "911\n";
        default:
            return "dnserr\n";
    }
}

// Of a request that came to none.
const char* word_of(int status) {
    switch (status) {
        case 401:
            return "badauth\n";
        case 403:
            return "!yours\n";
        case 405:
            return "badagent\n";
        case 429:
            return "abuse\n";
        default:
            return status < 500 ? "badsys\n" : "911\n";
    }
}

}  // namespace

bool is_dyndns(const Request& request) {
    return request.path == std::vector<std::string>{"nic", "update"};
}

Response in_dyndns(Response response) {
    if (response.content_type != kJsonType) return response;
    Response told = text_reply(word_of(response.status));
    if (response.status == 401) {
        told.status = 401;
        told.headers = {{"WWW-Authenticate", "Basic realm=\"nearcast\""}};
    } else {
        if (response.status == 405) told.status = 405;
        told.headers = std::move(response.headers);
    }
    return told;
}

// The zone that the name lies in, if the key covers it. One around that does not have the name:
// there it would be hidden.
control::Outcome<std::optional<control::Zone>> Api::zone_around(const dns::Name& name,
                                                                const control::KeyScope& scope) {
    for (dns::Name apex = name; !apex.is_root(); apex = apex.parent()) {
        auto zone = partners_.changes.zone(apex);
        if (!zone && zone.error().kind == ChangeError::Kind::NotFound) continue;
        if (!zone) return std::unexpected(zone.error());
        return scope.covers(*zone) ? std::optional(*std::move(zone)) : std::nullopt;
    }
    return std::nullopt;
}

Response Api::update_address(const Call& call) {
    const std::vector<std::string> hosts = split(call.request.parameter("hostname").value_or(""));
    if (hosts.empty()) return text_reply("notfqdn\n");
    if (hosts.size() > kHostsMax) return text_reply("numhost\n");
    const bool is_offline = is_yes(call.request.parameter("offline"));
    const std::vector<Update> updates =
        is_offline ? std::vector<Update>() : updates_of(call.request);
    if (updates.empty() && !is_offline) return text_reply("dnserr\n");
    std::string answer;
    for (const std::string& host : hosts) {
        const dns::Name root;
        const auto name = dns::parse_name(host, &root);
        if (!name || name->label_count() < 2) {
            answer += "notfqdn\n";
            continue;
        }
        const auto is_changed =
            update_host(call, *name, is_offline ? offline_edits(*name) : edits_of(*name, updates));
        answer += is_changed ? answer_of(*is_changed, updates) : word_of(is_changed.error().kind);
    }
    return text_reply(std::move(answer));
}

control::Outcome<bool> Api::update_host(const Call& call, const dns::Name& name,
                                        std::vector<control::RrsetEdit> edits) {
    const bool is_offline = edits.front().kind == RrsetEdit::Kind::Delete;
    const auto zone = zone_around(name, call.scope);
    if (!zone) return std::unexpected(zone.error());
    const auto is_covered = [&](const RrsetEdit& edit) {
        return call.scope.covers_set(name, edit.type);
    };
    // A device's key may be for one family alone.
    if (is_offline) std::erase_if(edits, std::not_fn(is_covered));
    if (!*zone || edits.empty() || !std::ranges::all_of(edits, is_covered)) {
        return control::refuse(ChangeError::Kind::NotFound, "no such host for this key");
    }
    control::ChangeRequest request{(*zone)->name, std::move(edits), {.actor = call.actor}};
    request.intent.comment = is_offline ? "offline" : "dynamic address";
    const auto done = partners_.changes.commit(request);
    if (!done) return std::unexpected(done.error());
    return done->old_serial != done->new_serial;
}

}  // namespace nearcast::control_api
