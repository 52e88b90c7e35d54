// SPDX-License-Identifier: Apache-2.0
//
// Zones that only those may see who are trusted: catalogs are served beside the others, and are
// nobody's business. To everybody else they are not there.
//
// Of one thread.

#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "zone/hashed_name.h"

namespace nearcast::answer {

class PrivateZones {
 public:
    void add(const dns::Name& apex) { apexes_.emplace_back(apex.wire()); }
    [[nodiscard]] bool is_empty() const { return apexes_.empty(); }

    // Whether it is the name of one. `lowered` has the hash `hash`. A handful is looked through.
    [[nodiscard]] bool has(uint64_t hash, std::span<const uint8_t> lowered) const {
        return std::ranges::any_of(apexes_, [&](const zone::HashedName& apex) {
            return apex.hash() == hash && std::ranges::equal(apex.wire(), lowered);
        });
    }

    // Whether `name` is or lies below one.
    [[nodiscard]] bool covers(const zone::HashedName& name) const {
        for (size_t label = 0; !is_empty() && label <= name.label_count(); ++label) {
            if (has(name.hash(label), name.suffix(label))) return true;
        }
        return false;
    }

 private:
    std::vector<zone::HashedName> apexes_;
};

}  // namespace nearcast::answer
