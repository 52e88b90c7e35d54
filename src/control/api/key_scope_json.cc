// SPDX-License-Identifier: Apache-2.0

#include "control/api/key_scope_json.h"

#include <algorithm>
#include <array>
#include <utility>

namespace nearcast::control_api {

using control::KeyScope;
using nlohmann::json;

namespace {

constexpr uint64_t kExpiryMax = 253'402'300'799;  // The end of the year 9999.
constexpr std::array<std::string_view, 6> kLimits{"zones",   "names", "types",
                                                  "sources", "right", "expires_at"};

// What the body says in place of what is there; null: nothing.
Read<void> read_texts(const json& body, const char* name, std::vector<std::string>& texts) {
    if (!body.contains(name)) return {};
    texts.clear();
    if (body[name].is_null()) return {};
    if (!body[name].is_array()) return std::unexpected(std::string(name) + " is not an array");
    if (body[name].empty()) {
        return std::unexpected(std::string(name) + " is empty; leave it out for no limit");
    }
    for (const json& item : body[name]) {
        if (!item.is_string())
            return std::unexpected(std::string(name) + " holds what is no String");
        texts.push_back(item.get<std::string>());
    }
    return {};
}

Read<void> read_types(const json& body, KeyScope& scope) {
    std::vector<std::string> texts;
    if (auto done = read_texts(body, "types", texts); !done) return done;
    if (body.contains("types")) scope.types.clear();
    for (const std::string& text : texts) {
        const auto type = dns::parse_rr_type(text);
        if (!type) return std::unexpected("type '" + text + "' is unknown");
        scope.types.push_back(*type);
    }
    return {};
}

Read<void> read_sources(const json& body, KeyScope& scope) {
    std::vector<std::string> texts;
    if (auto done = read_texts(body, "sources", texts); !done) return done;
    if (body.contains("sources")) scope.sources.clear();
    for (const std::string& text : texts) {
        auto prefix = base::parse_ip_prefix(text);
        if (const auto address = base::parse_ip_address(text)) {
            prefix = base::IpPrefix{*address, static_cast<uint8_t>(address->bits())};
        }
        if (!prefix) return std::unexpected("source '" + text + "' " + prefix.error().message);
        // Who comes from IPv4 is known by that, also to a listener of both.
        if (base::kIpv4Mapped.contains(*prefix)) {
            return std::unexpected("source '" + text + "' matches nobody: write it as IPv4");
        }
        scope.sources.push_back(*prefix);
    }
    return {};
}

Read<void> read_expiry(const json& body, KeyScope& scope, control::Timestamp now) {
    if (!body.contains("expires_at")) return {};
    const auto before = std::exchange(scope.expires_at, {});
    const json& at = body["expires_at"];
    if (at.is_null()) return {};
    const uint64_t seconds = at.is_number_unsigned() ? at.get<uint64_t>() : 0;
    if (seconds == 0 || seconds > kExpiryMax) {
        return std::unexpected("expires_at is not a number of seconds since 1970");
    }
    scope.expires_at = std::chrono::seconds(seconds);
    if (scope.expires_at <= now && scope.expires_at != before) {
        return std::unexpected("expires_at is in the past: it is " +
                               std::to_string(seconds_of(now)) + " now");
    }
    return {};
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

}  // namespace

Read<void> check_members(const json& body, std::span<const std::string_view> others) {
    for (const auto& [name, value] : body.items()) {
        if (std::ranges::find(kLimits, name) != kLimits.end()) continue;
        if (std::ranges::find(others, name) != others.end()) continue;
        return std::unexpected("'" + name + "' is unknown");
    }
    return {};
}

Read<KeyScope> read_scope(const json& body, KeyScope scope, control::Timestamp now) {
    Read<void> done = read_texts(body, "zones", scope.zones);
    if (done) done = read_texts(body, "names", scope.names);
    if (done) done = read_types(body, scope);
    if (done) done = read_sources(body, scope);
    if (done) done = read_expiry(body, scope, now);
    if (!done) return std::unexpected(done.error());
    if (!body.contains("right")) return scope;
    const auto right = body["right"].is_string()
                           ? control::parse_right(body["right"].get<std::string>())
                           : std::nullopt;
    if (!right) return std::unexpected("right is none of read, change and manage");
    scope.right = *right;
    return scope;
}

int64_t seconds_of(control::Timestamp time) {
    return std::chrono::floor<std::chrono::seconds>(time).count();
}

json limits_json(const KeyScope& scope) {
    return {{"tenant", scope.tenant},
            {"zones", scope.zones},
            {"names", scope.names},
            {"types", texts_of(scope.types)},
            {"sources", texts_of(scope.sources)},
            {"right", to_text(scope.right)},
            {"expires_at",
             scope.expires_at.count() == 0 ? json() : json(seconds_of(scope.expires_at))}};
}

bool may_keep_keys(const KeyScope& scope) {
    const bool is_limited_in_time = scope.expires_at.count() != 0 && scope.person.empty();
    return scope.zones.empty() && scope.covers_all_sets() && scope.sources.empty() &&
           !is_limited_in_time;
}

Response limited() { return error_reply(403, "A key with limits may not keep keys"); }

}  // namespace nearcast::control_api
