// SPDX-License-Identifier: Apache-2.0
//
// Which zones are served because catalogs list them, and what a new list means for each.
//
// A zone belongs to one catalog. It moves to another only when its present one names that in its
// coo property (RFC 9432 §4.4.1); otherwise whoever lists it too is ignored until the zone is free.
// Pure: who calls does what the actions say. Used by one thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dns/name.h"
#include "transfer/catalog.h"

namespace nearcast::transfer {

struct MemberAction {
    enum class Kind : uint8_t {
        Add,     // Serve the zone from now on.
        Update,  // It has other properties, or is of another catalog: its data stay.
        Reset,   // Its label has changed: forget its data and fetch them anew (§5.4).
        Remove,  // Serve it no longer, and forget it.
    };

    Kind kind = Kind::Add;
    dns::Name zone;
    size_t catalog = 0;                    // The number of the one it belongs to; not of Remove.
    std::vector<std::string> groups = {};  // As that lists it.
    std::optional<uint32_t> serial = {};   // What the hint says.
    std::optional<uint32_t> before = {};   // What it said last, as far as that is known.

    bool operator==(const MemberAction&) const = default;
};

class CatalogMembership {
 public:
    // `is_taken` tells whether a zone is configured otherwise, and so no business of catalogs.
    CatalogMembership(std::vector<dns::Name> catalogs,
                      std::function<bool(const dns::Name&)> is_taken)
        : names_(std::move(catalogs)), is_taken_(std::move(is_taken)), lists_(names_.size()) {}

    struct Change {
        std::vector<MemberAction> actions = {};
        std::vector<std::string> ignored = {};  // Members that belong to others, in words.
        std::vector<dns::Name> taken = {};      // Those of them that are configured otherwise.
    };

    // The catalog of this number lists these from now on, each zone once.
    [[nodiscard]] Change update(size_t catalog, const std::vector<CatalogMember>& members);
    // The same when it differs so from what was taken of it last, at the cost of what differs
    // alone. Nothing, with everything left as it was, when a zone would then be listed twice (the
    // whole list tells which of the two counts), or too many of them.
    [[nodiscard]] std::optional<Change> update(size_t catalog, const CatalogDifference& difference);

    // Whether the zone is served because of a catalog.
    [[nodiscard]] bool has(const dns::Name& zone) const {
        return owner_of(dns::key_of(zone)).has_value();
    }
    [[nodiscard]] size_t size() const { return owned_count_; }

 private:
    // What a catalog says of a zone. There may be millions.
    struct Listed {
        std::string label;
        std::vector<std::string> groups;
        std::string coo;  // By dns::key_of(); empty: there is none.
        std::optional<uint32_t> serial;
        bool is_owner = false;  // The zone belongs to this catalog.
        bool is_stale = false;  // While a whole list is taken: not seen in it yet.
    };
    using List = std::map<std::string, Listed>;  // By dns::key_of() the zone.

    [[nodiscard]] static Listed listed(const CatalogMember& member);
    [[nodiscard]] Listed* find(size_t catalog, const std::string& zone);
    [[nodiscard]] std::optional<size_t> owner_of(const std::string& zone) const;
    // Another one, to which that member is to move, and which lists it too.
    [[nodiscard]] std::optional<size_t> heir_of(size_t catalog, const std::string& zone);

    void take_off(size_t catalog, List::iterator place, Change& change);
    void take(size_t catalog, const CatalogMember& member, Change& change);
    void own(size_t catalog, const std::string& zone, MemberAction::Kind kind, Change& change,
             std::optional<uint32_t> before = {});

    std::vector<dns::Name> names_;
    std::function<bool(const dns::Name&)> is_taken_;
    std::vector<List> lists_;  // The last of each catalog.
    size_t owned_count_ = 0;
};

}  // namespace nearcast::transfer
