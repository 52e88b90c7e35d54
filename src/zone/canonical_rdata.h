// SPDX-License-Identifier: Apache-2.0
//
// When two records say the same.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/rr_type.h"

namespace nearcast::zone {

// The rdata with letters in lower case where comparing ignores their case (RFC 4034 §6.2). It must
// be valid.
[[nodiscard]] std::vector<uint8_t> canonical_rdata(dns::RRType type,
                                                   std::span<const uint8_t> rdata);

[[nodiscard]] bool is_same_rdata(dns::RRType type, std::span<const uint8_t> a,
                                 std::span<const uint8_t> b);

}  // namespace nearcast::zone
