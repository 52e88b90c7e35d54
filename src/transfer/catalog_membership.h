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
    };

    // The catalog of this number lists these from now on, in canonical order of the zones.
    [[nodiscard]] Change update(size_t catalog, std::vector<CatalogMember> members);

    // Whether the zone is served because of a catalog.
    [[nodiscard]] bool has(const dns::Name& zone) const {
        return owned_.contains(dns::key_of(zone));
    }
    [[nodiscard]] size_t size() const { return owned_.size(); }

 private:
    struct Owned {
        size_t catalog = 0;
        CatalogMember member;
    };

    [[nodiscard]] const CatalogMember* listed(size_t catalog, const dns::Name& zone) const;
    [[nodiscard]] std::optional<size_t> number_of(const dns::Name& catalog) const;

    void drop_missing(size_t catalog, Change& change);
    void take_one(size_t catalog, const CatalogMember& member, Change& change);
    void follow_owner(Owned& owned, size_t catalog, const CatalogMember& member, Change& change);
    void add(size_t catalog, const CatalogMember& member, Change& change);

    std::vector<dns::Name> names_;
    std::function<bool(const dns::Name&)> is_taken_;
    std::vector<std::vector<CatalogMember>> lists_;  // The last of each catalog.
    std::map<std::string, Owned> owned_;             // By the zone's name, lower case, wire form.
};

}  // namespace nearcast::transfer
