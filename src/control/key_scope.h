// SPDX-License-Identifier: Apache-2.0
//
// What a key may be used for: which zones, names and types, for what, from where, and how long.
//
// What a scope does not say, it does not limit. Only read once made: any thread.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "control/model.h"
#include "transfer/update_policy.h"

namespace nearcast::control {

enum class Right : uint8_t {
    Read,    // Look at zones and their history.
    Change,  // And change records.
    Manage,  // And create and delete zones, change their settings, and keep keys.
};

[[nodiscard]] std::string_view to_text(Right right);
[[nodiscard]] std::optional<Right> parse_right(std::string_view text);

struct KeyScope {
    // "example.org", "subtree:example.org" or "match:*.example.org", as for dynamic updates.
    std::vector<std::string> zones = {};
    std::vector<std::string> names = {};
    std::vector<dns::RRType> types = {};
    std::vector<base::IpPrefix> sources = {};
    Right right = Right::Manage;
    Timestamp expires_at{};   // Zero: never.
    std::string tenant = {};  // Only zones of this account; empty: of all.
    std::string person = {};  // Who logged in and got the key; empty: it is a program's.

    // From there, at that time.
    [[nodiscard]] bool is_usable(const base::IpAddress& source, Timestamp now) const;
    [[nodiscard]] bool covers_zone(const dns::Name& zone) const;
    [[nodiscard]] bool covers_set(const dns::Name& owner, dns::RRType type) const;
    // The zone with every set that it has or may come to have.
    [[nodiscard]] bool covers_whole_zone(const dns::Name& zone) const;
    // All sets of the zones that it covers.
    [[nodiscard]] bool covers_all_sets() const { return names.empty() && types.empty(); }
    // Every zone there is.
    [[nodiscard]] bool covers_all_zones() const { return zones.empty() && tenant.empty(); }
    // Everything there is.
    [[nodiscard]] bool covers_all() const { return covers_all_zones() && covers_all_sets(); }
    // That zone, as it is.
    [[nodiscard]] bool covers(const Zone& zone) const {
        return covers_zone(zone.name) && (tenant.empty() || tenant == zone.settings.account);
    }
};

// Whether every pattern is one; the first that is not, otherwise.
[[nodiscard]] base::Result<void> check(const KeyScope& scope);

// As a text column has it (stored_text.h): "zone=subtree:example.org", a line each.
[[nodiscard]] std::string encode_scope(const KeyScope& scope);
[[nodiscard]] KeyScope decode_scope(std::string_view text);

}  // namespace nearcast::control
