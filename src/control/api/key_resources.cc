// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/keys: keys of programs. The text of one is shown when it is made, and never again.

#include <algorithm>
#include <array>
#include <charconv>

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/list_page.h"
#include "control/api/reply.h"
#include "control/api/zone_json.h"
#include "control/wall_clock.h"

namespace nearcast::control_api {

using control::KeyScope;
using nlohmann::json;

namespace {

constexpr size_t kNameSizeMax = 100;
constexpr uint64_t kExpiryMax = 253'402'300'799;  // The end of the year 9999.
constexpr std::array<std::string_view, 7> kMembers{"name",    "zones", "names",     "types",
                                                   "sources", "right", "expires_at"};

Read<std::vector<std::string>> read_texts(const json& body, const char* name) {
    std::vector<std::string> texts;
    if (!body.contains(name) || body[name].is_null()) return texts;
    if (!body[name].is_array()) return std::unexpected(std::string(name) + " is not an array");
    if (body[name].empty()) {
        return std::unexpected(std::string(name) + " is empty; leave it out for no limit");
    }
    for (const json& item : body[name]) {
        if (!item.is_string())
            return std::unexpected(std::string(name) + " holds what is no String");
        texts.push_back(item.get<std::string>());
    }
    return texts;
}

Read<void> read_types(const json& body, KeyScope& scope) {
    const auto texts = read_texts(body, "types");
    if (!texts) return std::unexpected(texts.error());
    for (const std::string& text : *texts) {
        const auto type = dns::parse_rr_type(text);
        if (!type) return std::unexpected("type '" + text + "' is unknown");
        scope.types.push_back(*type);
    }
    return {};
}

Read<void> read_sources(const json& body, KeyScope& scope) {
    const auto texts = read_texts(body, "sources");
    if (!texts) return std::unexpected(texts.error());
    for (const std::string& text : *texts) {
        auto prefix = base::parse_ip_prefix(text);
        if (const auto address = base::parse_ip_address(text)) {
            prefix = base::IpPrefix{*address, static_cast<uint8_t>(address->bits())};
        }
        if (!prefix) return std::unexpected("source '" + text + "' " + prefix.error().message);
        scope.sources.push_back(*prefix);
    }
    return {};
}

Read<void> read_expiry(const json& body, KeyScope& scope) {
    if (!body.contains("expires_at") || body["expires_at"].is_null()) return {};
    const json& at = body["expires_at"];
    const uint64_t seconds = at.is_number_unsigned() ? at.get<uint64_t>() : 0;
    if (seconds == 0 || seconds > kExpiryMax) {
        return std::unexpected("expires_at is not a number of seconds since 1970");
    }
    scope.expires_at = std::chrono::seconds(seconds);
    return {};
}

// A limit that is misspelled would be none.
Read<void> check_members(const json& body) {
    for (const auto& [name, value] : body.items()) {
        if (std::ranges::find(kMembers, name) != kMembers.end()) continue;
        return std::unexpected("'" + name + "' is unknown");
    }
    return {};
}

Read<KeyScope> read_scope(const json& body) {
    KeyScope scope;
    if (auto done = check_members(body); !done) return std::unexpected(done.error());
    auto zones = read_texts(body, "zones");
    auto names = read_texts(body, "names");
    if (!zones || !names) return std::unexpected(zones ? names.error() : zones.error());
    scope.zones = *std::move(zones);
    scope.names = *std::move(names);
    if (auto done = read_types(body, scope); !done) return std::unexpected(done.error());
    if (auto done = read_sources(body, scope); !done) return std::unexpected(done.error());
    if (body.contains("right")) {
        const auto right = body["right"].is_string()
                               ? control::parse_right(body["right"].get<std::string>())
                               : std::nullopt;
        if (!right) return std::unexpected("right is none of read, change and manage");
        scope.right = *right;
    }
    if (auto done = read_expiry(body, scope); !done) return std::unexpected(done.error());
    return scope;
}

json texts_of(const std::vector<dns::RRType>& types) {
    json list = json::array();
    for (const dns::RRType type : types) list.push_back(dns::to_text(type));
    return list;
}

json texts_of(const std::vector<base::IpPrefix>& prefixes) {
    json list = json::array();
    for (const base::IpPrefix& prefix : prefixes) list.push_back(base::to_text(prefix));
    return list;
}

int64_t seconds_of(control::Timestamp time) {
    return std::chrono::floor<std::chrono::seconds>(time).count();
}

json to_json(const control::ApiKey& key) {
    const KeyScope& scope = key.scope;
    return {{"id", key.id},
            {"name", key.name},
            {"user", scope.person},
            {"tenant", scope.tenant},
            {"created_at", seconds_of(key.created_at)},
            {"zones", scope.zones},
            {"names", scope.names},
            {"types", texts_of(scope.types)},
            {"sources", texts_of(scope.sources)},
            {"right", to_text(scope.right)},
            {"expires_at",
             scope.expires_at.count() == 0 ? json() : json(seconds_of(scope.expires_at))}};
}

// Who is limited himself may not make keys: they could do more than he may.
bool may_keep_keys(const KeyScope& scope) {
    const bool is_limited_in_time = scope.expires_at.count() != 0 && scope.person.empty();
    return scope.zones.empty() && scope.covers_all_sets() && scope.sources.empty() &&
           !is_limited_in_time;
}

// A tenant keeps his own keys, and knows of no others.
bool may_see(const control::ApiKey& key, const KeyScope& scope) {
    return scope.tenant.empty() || key.scope.tenant == scope.tenant;
}

Response limited() { return error_reply(403, "A key with limits may not keep keys"); }

}  // namespace

Response Api::list_api_keys(const Call& call) {
    if (!may_keep_keys(call.scope)) return limited();
    const auto keys = partners_.keys.list();
    if (!keys) return error_reply(keys.error());
    json list = json::array();
    for (const control::ApiKey& key : *keys) {
        if (may_see(key, call.scope)) list.push_back(to_json(key));
    }
    return page_reply(call.request, std::move(list), "id");
}

Response Api::create_api_key(const Call& call) {
    if (!may_keep_keys(call.scope)) return limited();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    const auto name = body->find("name");
    if (name == body->end() || !name->is_string() || name->get<std::string>().empty() ||
        name->get<std::string>().size() > kNameSizeMax) {
        return error_reply(422, "name is not a String of 1 to 100 bytes");
    }
    auto scope = read_scope(*body);
    if (!scope) return error_reply(422, scope.error());
    scope->tenant = call.scope.tenant;
    const auto now = control::wall_now();
    const auto text = partners_.keys.create(name->get<std::string>(), *scope, call.actor, now);
    if (!text) return error_reply(text.error());
    const auto made = partners_.keys.find(*text);
    if (!made) return error_reply(made.error());
    if (!*made) return error_reply(409, "the key was removed while it was made");
    json answer = to_json(**made);
    answer["key"] = *text;
    return json_reply(201, answer);
}

Response Api::remove_api_key(const Call& call) {
    if (!may_keep_keys(call.scope)) return limited();
    const std::string& text = call.names[0];
    const char* const end = text.data() + text.size();
    int64_t id = 0;
    const auto read = std::from_chars(text.data(), end, id);
    const bool is_number = read.ec == std::errc() && read.ptr == end;
    const auto keys = partners_.keys.list();
    if (!keys) return error_reply(keys.error());
    const bool is_ours = is_number && std::ranges::any_of(*keys, [&](const control::ApiKey& key) {
                             return key.id == id && may_see(key, call.scope);
                         });
    if (!is_ours) return error_reply(404, "there is no key " + text);
    const auto now = control::wall_now();
    const auto removed = partners_.keys.remove(id, call.actor, now);
    return removed ? empty_reply() : error_reply(removed.error());
}

}  // namespace nearcast::control_api
