// SPDX-License-Identifier: Apache-2.0
//
// What differs between the sets that a controller has and those that somebody wants, as the API
// takes it and as a person reads it.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "console/record_set.h"

#include <nlohmann/json.hpp>

namespace nearcast::console {

struct SetChange {
    std::optional<RecordSet> before;
    std::optional<RecordSet> after;

    [[nodiscard]] const RecordSet& either() const { return after ? *after : *before; }
};

// What makes `wanted` of `kept`. A set counts as the same when it means the same: then its words
// stay as they are. Records that are switched off stay, in whatever is changed around them. A SOA
// whose serial alone is not later than the one that is kept is no difference.
[[nodiscard]] std::vector<SetChange> changes_between(const std::vector<RecordSet>& kept,
                                                     const std::vector<RecordSet>& wanted);

// "diff" of a change as the API tells it.
[[nodiscard]] std::vector<SetChange> read_changes(const nlohmann::json& rrsets);

// "rrsets" of a PATCH: what goes is in front of what comes, so that a type can give way to another.
[[nodiscard]] nlohmann::json to_patch(const std::vector<SetChange>& changes);

// Lines with '-' in front for each record that goes and '+' for each that comes; a record that
// stays in a set that changes has none. `is_coloured` for a terminal: red and green.
[[nodiscard]] std::string diff_text(const std::vector<SetChange>& changes, bool is_coloured);

// Sets that both change.
[[nodiscard]] std::vector<std::string> common_sets(const std::vector<SetChange>& a,
                                                   const std::vector<SetChange>& b);

}  // namespace nearcast::console
