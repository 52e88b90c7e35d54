// SPDX-License-Identifier: Apache-2.0
//
// The list of types in NSEC, NSEC3 and CSYNC (RFC 4034 §4.1.2).

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/rr_type.h"

namespace nearcast::dnssec {

// Appends it. The types ascend, none comes twice.
void append_type_bitmap(std::span<const dns::RRType> types, std::vector<uint8_t>& to);

}  // namespace nearcast::dnssec
