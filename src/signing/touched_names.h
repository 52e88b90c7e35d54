// SPDX-License-Identifier: Apache-2.0
//
// The names of a signed zone that a change may give another standing, other sets or another link,
// as they will be; all others are as they were. One thread.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "signing/node_sets.h"
#include "zone/changeset.h"
#include "zone/name_changes.h"

namespace nearcast::signing {

using NameKey = std::vector<uint8_t>;

struct TouchedName {
    zone::Node node;     // As it was; none when it is new.
    OwnedSets old_sets;  // All that it had, signatures and links among them.
    OwnedSets sets;      // What it will have, but for the digest, signatures and links.
    Standing standing;
    bool had_link = false;
    bool has_link = false;
};

using TouchedMap = std::map<NameKey, TouchedName, zone::CanonicalLess>;

class TouchedNames {
 public:
    // All three stay. `changes` is of unsigned data and begins and ends with SOA records of `zone`.
    TouchedNames(const zone::Version& zone, const zone::Changeset& changes,
                 const SigningPlan& plan);

    // Finds all of them. Fails when the changes do not fit the zone.
    [[nodiscard]] base::Result<void> find();

    [[nodiscard]] const TouchedMap& names() const { return names_; }
    [[nodiscard]] bool is_touched(std::span<const uint8_t> name) const {
        return names_.contains(name);
    }
    // With NSEC: the name whose link comes behind that of `name`.
    [[nodiscard]] std::vector<uint8_t> next_linked(std::span<const uint8_t> name) const;

 private:
    TouchedName& touch(std::span<const uint8_t> name);
    [[nodiscard]] base::Result<void> touch_changed();
    void touch_hidden();
    void touch_ancestors();
    void touch_predecessors();
    void settle();
    [[nodiscard]] bool hid(const TouchedName& name) const;
    [[nodiscard]] bool hides(std::span<const uint8_t> name) const;
    [[nodiscard]] Standing standing_of_name(std::span<const uint8_t> name,
                                            const TouchedName& touched) const;
    [[nodiscard]] bool had_link(std::span<const uint8_t> name, const TouchedName& touched) const;
    [[nodiscard]] bool has_linked_descendant(std::span<const uint8_t> name) const;
    [[nodiscard]] bool is_linked_untouched(const zone::Node& node) const;
    [[nodiscard]] std::vector<uint8_t> previous_linked(std::span<const uint8_t> name) const;

    const zone::Version& zone_;
    const zone::Changeset& changes_;
    const SigningPlan& plan_;
    std::span<const uint8_t> apex_;
    TouchedMap names_;
};

}  // namespace nearcast::signing
