// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/keys: keys of programs. The text of one is shown when it is made, and never again.

#include <algorithm>
#include <array>
#include <charconv>

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/key_scope_json.h"
#include "control/api/list_page.h"
#include "control/api/reply.h"
#include "control/wall_clock.h"

namespace nearcast::control_api {

using control::KeyScope;
using nlohmann::json;

namespace {

constexpr size_t kNameSizeMax = 100;
constexpr std::array<std::string_view, 3> kMembers{"name", "password", "code"};

json to_json(const control::ApiKey& key) {
    json object = limits_json(key.scope);
    object["id"] = key.id;
    object["name"] = key.name;
    object["user"] = key.scope.person;
    object["created_at"] = seconds_of(key.created_at);
    return object;
}

// A tenant keeps his own keys, and knows of no others.
bool may_see(const control::ApiKey& key, const KeyScope& scope) {
    return scope.tenant.empty() || key.scope.tenant == scope.tenant;
}

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
    if (const auto done = check_members(*body, kMembers); !done) {
        return error_reply(422, done.error());
    }
    const auto now = control::wall_now();
    auto scope = read_scope(*body, {}, now);
    if (!scope) return error_reply(422, scope.error());
    if (auto unproved = check_proof(call, text_of(*body, "password"), *body)) {
        return *std::move(unproved);
    }
    scope->tenant = call.scope.tenant;
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
