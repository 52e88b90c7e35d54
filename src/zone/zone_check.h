// SPDX-License-Identifier: Apache-2.0
//
// Tells what is wrong with a zone as a whole: what no single record shows.
//
// An error is what would make answers contradict each other or the protocol: the zone is refused. A
// warning is what is served as it stands and is likely a mistake.

#pragma once

#include <string>
#include <vector>

#include "zone/draft.h"

namespace nearcast::zone {

enum class Severity : uint8_t { Warning, Error };

struct Finding {
    Severity severity = Severity::Warning;
    SourceLine source;    // Line 0: of the whole zone.
    std::string message;  // Names the owner and the fault. One line.
    std::string hint;     // What to do about it; may be empty.
};

// Findings of one kind that are told, at most: a wrong zone of a million names need not be told a
// million times.
constexpr size_t kFindingsMax = 20;

// What is wrong with an arranged draft, errors first; at most kFindingsMax of each severity.
[[nodiscard]] std::vector<Finding> check_zone(const ZoneDraft& draft);

}  // namespace nearcast::zone
