// SPDX-License-Identifier: Apache-2.0
//
// Tells what is wrong with a zone as a whole: what no single record shows.
//
// An error is what would make answers contradict each other or the protocol: the zone is refused. A
// warning is what is served as it stands and is likely a mistake.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "zone/draft.h"
#include "zone/finding.h"

namespace nearcast::zone {

// What is wrong with an arranged draft, errors first; at most kFindingsMax of each severity.
[[nodiscard]] std::vector<Finding> check_zone(const ZoneDraft& draft);

// The parts of it, each in a file of its own.

// The address that such a name of a host is in truth: 192.0.2.1.example.org. for 192.0.2.1 without
// a host. Empty for others. In wire form.
[[nodiscard]] std::string address_in_name(std::span<const uint8_t> name);

// What to do about a name that has that of its zone twice.
inline constexpr const char* kRepeatedHint =
    "a final dot, or the name without the zone: what has no dot at its end is completed with it";

// What the data of single records and sets say.
void check_records(const ZoneDraft& draft, Findings& findings);
// Signatures and chains of denial of a zone that has any. No signature is verified: a zone with
// keys that are gone, or made with an unknown algorithm, is served as it is.
void check_dnssec(const ZoneDraft& draft, Findings& findings);
// Whether it has a ZONEMD of its own serial, which only all of its records can be held against.
[[nodiscard]] bool has_digest(const ZoneDraft& draft);
// Whether the zone is what its ZONEMD says, if it has one.
void check_digest(const ZoneDraft& draft, Findings& findings);

}  // namespace nearcast::zone
