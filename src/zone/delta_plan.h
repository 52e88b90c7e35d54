// SPDX-License-Identifier: Apache-2.0
//
// Finds out which names a changeset touches, and what each of them is afterwards.
//
// Besides the names with other records these are: empty non-terminals that come into being or
// vanish, the names above a wildcard that does, and all below a cut or DNAME that does. Used once,
// by one thread.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/result.h"
#include "dns/record.h"
#include "zone/name_changes.h"
#include "zone/version.h"

namespace nearcast::zone {

struct TouchedName {
    Node before;                              // None: the name was not there.
    std::vector<dns::Record> records;         // Afterwards.
    bool exists = true;                       // Afterwards, perhaps as an empty non-terminal.
    bool is_nsec3 = false;                    // A link of the NSEC3 chain, no name of the zone.
    uint16_t flags = 0;                       // NodeFlag, afterwards.
    std::span<const uint8_t> hidden_by = {};  // The cut or DNAME above it; empty: none.
};

// By name, in canonical order, and so parents before children.
using TouchedNames = std::map<std::span<const uint8_t>, TouchedName, CanonicalLess>;

class DeltaPlan {
 public:
    enum class Outcome : uint8_t {
        Planned,
        // More names than `touched_max`, or what leaves another NSEC3 chain than one whose links
        // are all in one order: better make all of the zone anew.
        Entangled,
    };

    // Both must stay readable as long as the plan is used.
    DeltaPlan(const Version& from, size_t touched_max) : from_(from), touched_max_(touched_max) {}

    // Fails when the changes do not fit the version (changed_records()).
    [[nodiscard]] base::Result<Outcome> make(const NameChanges& changes);

    [[nodiscard]] const TouchedNames& names() const { return names_; }

 private:
    TouchedName& touch(std::span<const uint8_t> name);
    [[nodiscard]] base::Result<void> take_records(const NameChanges& changes);
    void settle_chain_links();
    [[nodiscard]] bool keeps_nsec3_order() const;
    void settle_existence();
    void settle_above(std::span<const uint8_t> name, const TouchedName& touched);
    [[nodiscard]] bool has_children(std::span<const uint8_t> name) const;
    void settle_flags();
    void classify(std::span<const uint8_t> name, TouchedName& touched);
    void touch_all_below(std::span<const uint8_t> name);
    [[nodiscard]] bool is_too_large() const { return names_.size() > touched_max_; }

    Version from_;
    size_t touched_max_;
    bool is_entangled_ = false;
    TouchedNames names_;
    std::set<std::span<const uint8_t>, CanonicalLess> parents_;  // Of touched names that exist.
};

[[nodiscard]] inline std::span<const uint8_t> parent_of(std::span<const uint8_t> name) {
    return name.subspan(name[0] + size_t{1});
}

}  // namespace nearcast::zone
