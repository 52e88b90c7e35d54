// SPDX-License-Identifier: Apache-2.0
//
// Records that are served as they stand, and that nobody is ever answered with: likely mistakes.
//
// The same for the records of a zone file and for those that a change brings.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dns/rr_type.h"
#include "zone/changeset.h"
#include "zone/version.h"

namespace nearcast::zone {

struct Advice {
    const char* check = "";  // As in Finding.
    std::string message;     // Names the owner and the fault. One line.
    std::string hint;
};

// All names are in wire form.

// Of a set at a wildcard, or at a name that looks like one.
[[nodiscard]] std::optional<Advice> judge_asterisk(std::span<const uint8_t> owner,
                                                   dns::RRType type);

// What a name's records come to that stands at `above` or below it, which is a zone cut or has a
// DNAME.
[[nodiscard]] std::optional<Advice> judge_occluded(std::span<const uint8_t> owner, dns::RRType type,
                                                   std::span<const uint8_t> above, bool is_cut);

// Of the records that `changes` added, and of those that they hide: at most kFindingsMax. `after`
// is the version with the changes, or a later one.
[[nodiscard]] std::vector<Advice> judge_changes(const Version& after, const Changeset& changes);

}  // namespace nearcast::zone
