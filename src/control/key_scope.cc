// SPDX-License-Identifier: Apache-2.0

#include "control/key_scope.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>

#include "dns/typed_name.h"

namespace nearcast::control {
namespace {

constexpr std::array<std::string_view, 3> kRights{"read", "change", "manage"};

// A pattern that cannot be read covers nothing.
bool hold_for(const std::vector<std::string>& patterns, const dns::Name& name) {
    if (patterns.empty()) return true;
    return std::ranges::any_of(patterns, [&](const std::string& text) {
        const auto pattern = transfer::parse_name_pattern(text);
        return pattern && pattern->holds_for(name);
    });
}

void take(std::string_view key, std::string_view value, KeyScope& scope) {
    if (key == "zone") scope.zones.emplace_back(value);
    if (key == "name") scope.names.emplace_back(value);
    if (key == "type") {
        if (const auto type = dns::parse_rr_type(value)) scope.types.push_back(*type);
    }
    if (key == "source") {
        if (const auto prefix = base::parse_ip_prefix(value)) scope.sources.push_back(*prefix);
    }
    if (key == "tenant") scope.tenant = value;
    if (key == "person") scope.person = value;
    if (key == "right") scope.right = parse_right(value).value_or(Right::Read);
    if (key == "expires_at") {
        int64_t at = 0;
        std::from_chars(value.data(), value.data() + value.size(), at);
        scope.expires_at = Timestamp(at);
    }
}

}  // namespace

std::string_view to_text(Right right) { return kRights[static_cast<size_t>(right)]; }

std::optional<Right> parse_right(std::string_view text) {
    const auto found = std::ranges::find(kRights, text);
    if (found == kRights.end()) return std::nullopt;
    return static_cast<Right>(found - kRights.begin());
}

bool KeyScope::is_usable(const base::IpAddress& source, Timestamp now) const {
    if (expires_at.count() != 0 && now >= expires_at) return false;
    return sources.empty() || std::ranges::any_of(sources, [&](const base::IpPrefix& prefix) {
               return prefix.contains(source);
           });
}

bool KeyScope::covers_zone(const dns::Name& zone) const { return hold_for(zones, zone); }

bool KeyScope::covers_whole_zone(const dns::Name& zone) const {
    if (!covers_zone(zone) || !types.empty()) return false;
    return names.empty() || std::ranges::any_of(names, [&](const std::string& text) {
               const auto pattern = transfer::parse_name_pattern(text);
               return pattern && pattern->kind == transfer::NamePattern::Kind::Subtree &&
                      pattern->holds_for(zone);
           });
}

bool KeyScope::covers_set(const dns::Name& owner, dns::RRType type) const {
    const bool is_of_type = types.empty() || std::ranges::find(types, type) != types.end();
    return is_of_type && hold_for(names, owner);
}

namespace {

bool is_form(std::string_view text) { return text == "subtree" || text == "match"; }

// Of a form that is misspelled, or of two names in one, the key would cover nothing.
base::Result<void> check_name(std::string_view text) {
    const size_t mark = text.find(':');
    const std::string_view name = text.substr(mark == std::string_view::npos ? 0 : mark + 1);
    if (name.find_first_of(":,") != std::string_view::npos ||
        (mark != std::string_view::npos && !is_form(text.substr(0, mark)))) {
        return base::fail("is none of NAME, subtree:NAME and match:NAME");
    }
    const dns::Name root;
    const auto typed = dns::parse_typed_name(name, &root);
    return typed ? base::Result<void>() : std::unexpected(typed.error());
}

}  // namespace

base::Result<void> check(const KeyScope& scope) {
    for (const auto* patterns : {&scope.zones, &scope.names}) {
        for (const std::string& text : *patterns) {
            // It is kept as one line.
            if (text.find('\n') != std::string::npos) return base::fail("a pattern is one line");
            if (auto named = check_name(text); !named) {
                return base::fail('\'' + text + "' " + named.error().message);
            }
        }
    }
    return {};
}

std::string encode_scope(const KeyScope& scope) {
    std::string text;
    const auto put = [&](std::string_view key, std::string_view value) {
        text.append(key).append("=").append(value).append("\n");
    };
    for (const std::string& zone : scope.zones) put("zone", zone);
    for (const std::string& name : scope.names) put("name", name);
    for (const dns::RRType type : scope.types) put("type", dns::to_text(type));
    for (const base::IpPrefix& source : scope.sources) put("source", base::to_text(source));
    if (!scope.tenant.empty()) put("tenant", scope.tenant);
    if (!scope.person.empty()) put("person", scope.person);
    put("right", to_text(scope.right));
    put("expires_at", std::to_string(scope.expires_at.count()));
    return text;
}

KeyScope decode_scope(std::string_view text) {
    KeyScope scope;
    for (const auto part : std::views::split(text, '\n')) {
        const std::string_view line(part);
        const size_t equals = std::min(line.find('='), line.size());
        take(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())), scope);
    }
    return scope;
}

}  // namespace nearcast::control
