// SPDX-License-Identifier: Apache-2.0
//
// What a changeset does to each name, and the records that a name has afterwards.
//
// Strict, as RFC 1995 §4 has it: a record to remove that is not there, or one to add that is there
// already, means that the two sides do not have the same version. TTLs do not tell records apart.

#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "dns/record.h"
#include "zone/changeset.h"
#include "zone/version.h"

namespace nearcast::zone {

struct CanonicalLess {
    using is_transparent = void;  // Any bytes of a name can be looked up.
    bool operator()(std::span<const uint8_t> a, std::span<const uint8_t> b) const {
        return dns::canonical_order(a, b) < 0;
    }
};

struct NameChange {
    std::vector<RecordView> removed;
    std::vector<RecordView> added;
};

// By owner, in canonical order. The views lead into the changeset, which must stay.
using NameChanges = std::map<std::span<const uint8_t>, NameChange, CanonicalLess>;

// Fails when the changeset is not complete, does not begin at `version`, or names an owner or a
// type that is not of the zone.
[[nodiscard]] base::Result<NameChanges> name_changes(const Version& version,
                                                     const Changeset& changes);

// The node called so, be it a name of the zone or a link of its NSEC3 chain; else none.
[[nodiscard]] Node find_any(const Version& version, std::span<const uint8_t> name);

// All records of `node`, which may be none.
[[nodiscard]] std::vector<dns::Record> records_of(const Node& node);

// The same after the change: those that stay, in their order, then those that were added.
[[nodiscard]] base::Result<std::vector<dns::Record>> changed_records(const Node& node,
                                                                     const NameChange& change);

}  // namespace nearcast::zone
