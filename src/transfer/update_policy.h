// SPDX-License-Identifier: Apache-2.0
//
// Who may change what by dynamic update: rules by requestor, by name and by type.
//
// A rule grants what all its parts hold for; one rule that grants is enough, and without a rule
// nobody changes anything. Only read once made: any thread.

#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/record.h"
#include "transfer/access_list.h"

namespace nearcast::transfer {

// Names that a rule is for: one, a tree, or all that match label by label.
struct NamePattern {
    enum class Kind : uint8_t {
        Exact,    // "www.example.org": this name alone.
        Subtree,  // "subtree:dyn.example.org": it and all below it.
        Match,    // "match:_acme-challenge.*.example.org": "*" stands for exactly one label.
    };
    Kind kind = Kind::Exact;
    dns::Name name;

    [[nodiscard]] bool holds_for(const dns::Name& owner) const;
    // Whether it can hold for any name of the zone.
    [[nodiscard]] bool can_hold_in(const dns::Name& zone) const;
};

[[nodiscard]] base::Result<NamePattern> parse_name_pattern(std::string_view text);

struct UpdateRule {
    AccessList allow;
    std::vector<NamePattern> names;  // Empty: every name of the zone.
    std::vector<dns::RRType> types;  // Empty: every type.

    [[nodiscard]] bool grants(const dns::Record& update) const;
};

struct UpdatePolicy {
    std::vector<UpdateRule> rules;
    // Whether a zone with signatures made elsewhere may be changed: they will not cover the change.
    bool is_signed_allowed = false;

    // Whether some rule is for this requestor. `key` is null when it did not sign.
    [[nodiscard]] bool knows(const base::IpAddress& peer, const TsigKey* key) const;
    // Whether this requestor may do this. Type ANY needs a rule for every type.
    [[nodiscard]] bool grants(const dns::Record& update, const base::IpAddress& peer,
                              const TsigKey* key) const;
};

}  // namespace nearcast::transfer
