// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/servers/localhost/tsigkeys: keys that sign DNS messages, as clients of PowerDNS know
// them, each with the limits that keys of the API have. The list is without the secrets.

#include <algorithm>
#include <array>

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/key_scope_json.h"
#include "control/api/list_page.h"
#include "control/api/reply.h"
#include "control/api/zone_id.h"
#include "control/wall_clock.h"
#include "dns/ascii.h"
#include "dns/encoding.h"

namespace nearcast::control_api {

using control::KeyScope;
using control::TsigCredential;
using nlohmann::json;

namespace {

// What clients send back to us of what they got.
constexpr std::array<std::string_view, 7> kMembers{"name", "algorithm", "key",       "id",
                                                   "type", "tenant",    "created_at"};
constexpr std::string_view kMd5 = "hmac-md5";
constexpr std::string_view kMd5Domain = ".sig-alg.reg.int";

std::string without_dot(std::string text) {
    if (text.size() > 1 && text.ends_with('.')) text.pop_back();
    return text;
}

enum class Secret : uint8_t { Hidden, Shown };

json to_json(const TsigCredential& credential, Secret secret) {
    json object = limits_json(credential.scope);
    std::string text;
    if (secret == Secret::Shown) dns::append_base64(credential.key.secret, text);
    object["id"] = zone_id(credential.key.name);
    object["name"] = without_dot(dns::to_text(credential.key.name));
    object["type"] = "TSIGKey";
    object["algorithm"] = transfer::to_text(credential.key.hash);
    object["key"] = text;
    object["created_at"] = seconds_of(credential.created_at);
    return object;
}

Read<transfer::Hash> read_algorithm(const std::string& text) {
    std::string word = without_dot(text);
    for (char& c : word) c = static_cast<char>(dns::lower(static_cast<uint8_t>(c)));
    if (word == std::string(kMd5) + std::string(kMd5Domain)) word = kMd5;
    const auto hash = transfer::parse_algorithm(word);
    if (!hash) return std::unexpected("Unknown TSIG algorithm: " + text);
    return *hash;
}

// What the body says in place of what is there.
Read<TsigCredential> read_credential(const json& body, TsigCredential credential) {
    if (const auto done = check_members(body, kMembers); !done) {
        return std::unexpected(done.error());
    }
    for (const char* member : {"name", "algorithm", "key"}) {
        const auto found = body.find(member);
        if (found == body.end() || found->is_string()) continue;
        return std::unexpected(std::string("Key '") + member + "' is not a String");
    }
    const std::string tenant = text_of(body, "tenant");
    if (!tenant.empty() && tenant != credential.scope.tenant) {
        return std::unexpected("tenant is that of the key which makes it, and stays");
    }
    if (body.contains("name")) {
        const auto name = parse_zone_id(text_of(body, "name"));
        if (!name) return std::unexpected("name '" + text_of(body, "name") + "' is not a name");
        credential.key.name = *name;
    }
    if (body.contains("algorithm")) {
        const auto hash = read_algorithm(text_of(body, "algorithm"));
        if (!hash) return std::unexpected(hash.error());
        credential.key.hash = *hash;
    }
    if (const std::string text = text_of(body, "key"); !text.empty()) {
        auto secret = transfer::parse_secret(text);
        if (!secret) return std::unexpected("key " + secret.error().message);
        credential.key.secret = *std::move(secret);
    }
    auto scope = read_scope(body, std::move(credential.scope), control::wall_now());
    if (!scope) return std::unexpected(scope.error());
    credential.scope = *std::move(scope);
    return credential;
}

bool may_see(const TsigCredential& credential, const KeyScope& scope) {
    return scope.tenant.empty() || credential.scope.tenant == scope.tenant;
}

}  // namespace

std::expected<TsigCredential, Response> Api::find_tsig_key(const Call& call) {
    if (!may_keep_keys(call.scope)) return std::unexpected(limited());
    const auto unknown = error_reply(404, "TSIG key with name '" + call.names[0] + "' not found");
    const auto name = parse_zone_id(call.names[0]);
    if (!name) return std::unexpected(unknown);
    auto found = partners_.tsig_keys.find(*name);
    const bool is_missing = !found && found.error().kind == control::ChangeError::Kind::NotFound;
    if (is_missing || (found && !may_see(*found, call.scope))) return std::unexpected(unknown);
    if (!found) return std::unexpected(error_reply(found.error()));
    return *std::move(found);
}

Response Api::list_tsig_keys(const Call& call) {
    if (!may_keep_keys(call.scope)) return limited();
    const auto credentials = partners_.tsig_keys.list();
    if (!credentials) return error_reply(credentials.error());
    json list = json::array();
    for (const TsigCredential& each : *credentials) {
        if (may_see(each, call.scope)) list.push_back(to_json(each, Secret::Hidden));
    }
    std::sort(list.begin(), list.end(),
              [](const json& a, const json& b) { return a["id"] < b["id"]; });
    return page_reply(call.request, std::move(list), "id");
}

// A name that is another's is not told to be there: it is forbidden, like all that is not his.
Response Api::refuse_tsig_key(const Call& call, const dns::Name& name,
                              const control::ChangeError& error) {
    if (error.kind != control::ChangeError::Kind::Exists || call.scope.tenant.empty()) {
        return error_reply(error);
    }
    const auto there = partners_.tsig_keys.find(name);
    if (there && may_see(*there, call.scope)) return error_reply(error);
    return error_reply(403, "The key does not cover this TSIG key");
}

Response Api::create_tsig_key(const Call& call) {
    if (!may_keep_keys(call.scope)) return limited();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    for (const char* member : {"name", "algorithm"}) {
        if (!text_of(*body, member).empty()) continue;
        return error_reply(422, std::string("Key '") + member + "' not present or not a String");
    }
    TsigCredential blank;
    blank.scope.right = control::Right::Change;
    blank.scope.tenant = call.scope.tenant;
    auto credential = read_credential(*body, std::move(blank));
    if (!credential) return error_reply(422, credential.error());
    credential->created_at = control::wall_now();
    const dns::Name name = credential->key.name;
    const auto made = partners_.tsig_keys.add(*std::move(credential), call.actor);
    if (!made) return refuse_tsig_key(call, name, made.error());
    Response response = json_reply(201, to_json(*made, Secret::Shown));
    response.headers.emplace_back("Location",
                                  "/api/v1/servers/localhost/tsigkeys/" + zone_id(made->key.name));
    return response;
}

Response Api::show_tsig_key(const Call& call) {
    const auto found = find_tsig_key(call);
    return found ? json_reply(200, to_json(*found, Secret::Shown)) : found.error();
}

Response Api::set_tsig_key(const Call& call) {
    auto found = find_tsig_key(call);
    if (!found) return found.error();
    const auto body = read_body(call.request);
    if (!body) return body.error();
    const dns::Name name = found->key.name;
    auto next = read_credential(*body, *std::move(found));
    if (!next) return error_reply(422, next.error());
    const auto now = control::wall_now();
    const dns::Name wanted = next->key.name;
    const auto done = partners_.tsig_keys.replace(name, *std::move(next), call.actor, now);
    if (!done) return refuse_tsig_key(call, wanted, done.error());
    return json_reply(200, to_json(*done, Secret::Shown));
}

Response Api::remove_tsig_key(const Call& call) {
    const auto found = find_tsig_key(call);
    if (!found) return found.error();
    const auto now = control::wall_now();
    const auto removed = partners_.tsig_keys.remove(found->key.name, call.actor, now);
    return removed ? empty_reply() : error_reply(removed.error());
}

}  // namespace nearcast::control_api
