// SPDX-License-Identifier: Apache-2.0
//
// The serial numbers of zones, which go on from the largest to zero (RFC 1982).

#pragma once

#include <cstdint>

namespace nearcast::dns {

// Whether `a` comes after `b`. Two that are half of all numbers apart have no order.
[[nodiscard]] constexpr bool is_later_serial(uint32_t a, uint32_t b) {
    const uint32_t distance = a - b;
    return distance != 0 && distance < 0x8000'0000U;
}

// The one after. Zero is left out: some take it for none.
[[nodiscard]] constexpr uint32_t next_serial(uint32_t serial) {
    return serial == 0xFFFF'FFFFU ? 1 : serial + 1;
}

}  // namespace nearcast::dns
