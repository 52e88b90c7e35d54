// SPDX-License-Identifier: Apache-2.0
//
// The form of a record's data by which two say the same when they are equal.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/rr_type.h"

namespace nearcast::dnssec {

// The rdata with letters in lower case where comparing ignores their case (RFC 4034 §6.2). It must
// be valid.
[[nodiscard]] std::vector<uint8_t> canonical_rdata(dns::RRType type,
                                                   std::span<const uint8_t> rdata);
// The same, appended.
void append_canonical_rdata(dns::RRType type, std::span<const uint8_t> rdata,
                            std::vector<uint8_t>& to);

}  // namespace nearcast::dnssec
