// SPDX-License-Identifier: Apache-2.0

#include "transfer/update_policy.h"

#include <algorithm>
#include <string>

#include "dns/ascii.h"

namespace nearcast::transfer {
namespace {

constexpr std::string_view kSubtreeMark = "subtree:";
constexpr std::string_view kMatchMark = "match:";
constexpr std::string_view kHint =
    "\"www.example.org\", \"subtree:dyn.example.org\" or \"match:_acme-challenge.*.example.org\"";

std::span<const uint8_t> first_label(std::span<const uint8_t> wire) {
    return wire.first(wire[0] + size_t{1});
}

bool matches(std::span<const uint8_t> pattern, std::span<const uint8_t> owner) {
    while (pattern[0] != 0 && owner[0] != 0) {
        const auto wanted = first_label(pattern);
        const auto label = first_label(owner);
        const bool is_any = wanted.size() == 2 && wanted[1] == '*';
        if (!is_any && !dns::equal_ignoring_case(wanted, label)) return false;
        pattern = pattern.subspan(wanted.size());
        owner = owner.subspan(label.size());
    }
    return pattern[0] == owner[0];
}

}  // namespace

bool NamePattern::holds_for(const dns::Name& owner) const {
    switch (kind) {
        case Kind::Exact:
            return owner == name;
        case Kind::Subtree:
            return owner.is_subdomain_of(name);
        case Kind::Match:
            return matches(name.wire(), owner.wire());
    }
    return false;
}

bool NamePattern::can_hold_in(const dns::Name& zone) const {
    if (kind == Kind::Exact) return name.is_subdomain_of(zone);
    if (kind == Kind::Subtree) return name.is_subdomain_of(zone) || zone.is_subdomain_of(name);
    std::span<const uint8_t> tail = name.wire();
    for (size_t i = zone.label_count(); i < name.label_count(); ++i) {
        tail = tail.subspan(first_label(tail).size());
    }
    return matches(tail, zone.wire());
}

base::Result<NamePattern> parse_name_pattern(std::string_view text) {
    NamePattern pattern;
    if (text.starts_with(kSubtreeMark)) {
        pattern.kind = NamePattern::Kind::Subtree;
        text.remove_prefix(kSubtreeMark.size());
    } else if (text.starts_with(kMatchMark)) {
        pattern.kind = NamePattern::Kind::Match;
        text.remove_prefix(kMatchMark.size());
    }
    const dns::Name root;
    const auto name = dns::parse_name(text, &root);
    if (!name) return base::fail(name.error().message, std::string(kHint));
    pattern.name = *name;
    return pattern;
}

bool UpdateRule::grants(const dns::Record& update) const {
    const auto is_named = [&](const NamePattern& each) { return each.holds_for(update.owner); };
    return (names.empty() || std::ranges::any_of(names, is_named)) &&
           (types.empty() || std::ranges::find(types, update.type) != types.end());
}

bool UpdatePolicy::knows(const base::IpAddress& peer, const TsigKey* key) const {
    return std::ranges::any_of(
        rules, [&](const UpdateRule& rule) { return is_allowed(rule.allow, peer, key); });
}

bool UpdatePolicy::grants(const dns::Record& update, const base::IpAddress& peer,
                          const TsigKey* key) const {
    return std::ranges::any_of(rules, [&](const UpdateRule& rule) {
        return is_allowed(rule.allow, peer, key) && rule.grants(update);
    });
}

}  // namespace nearcast::transfer
