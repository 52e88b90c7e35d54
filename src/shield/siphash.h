// SPDX-License-Identifier: Apache-2.0
//
// SipHash-2-4: a keyed hash for short inputs (Aumasson and Bernstein, 2012).
//
// Not OpenSSL's, which takes longer for a cookie than the rest of a query:
// docs/decisions/0003-own-siphash.md. Its tests compare the two.

#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace nearcast::shield {

using SipKey = std::array<uint8_t, 16>;

// The result as eight bytes, in the order in which the algorithm gives them.
[[nodiscard]] std::array<uint8_t, 8> siphash(const SipKey& key,
                                             std::span<const uint8_t> bytes) noexcept;

}  // namespace nearcast::shield
