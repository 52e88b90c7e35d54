// SPDX-License-Identifier: Apache-2.0
//
// Letter case as DNS knows it: A to Z fold to a to z, every other byte is itself (RFC 4343).
//
// A name in wire form can be folded as a whole: its length bytes are at most 63, below 'A'.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace nearcast::dns {

[[nodiscard]] constexpr uint8_t lower(uint8_t byte) {
    return static_cast<uint8_t>(byte - 'A') < 26 ? static_cast<uint8_t>(byte | 0x20) : byte;
}

[[nodiscard]] constexpr bool is_digit(uint8_t byte) {
    return static_cast<uint8_t>(byte - '0') < 10;
}

// Eight bytes at once, each in its own lane.
[[nodiscard]] constexpr uint64_t lower8(uint64_t bytes) {
    constexpr uint64_t kEach = 0x0101010101010101;
    const uint64_t low_bits = bytes & (0x7F * kEach);
    const uint64_t from_a = low_bits + (0x80 - 'A') * kEach;      // Top bit: at least 'A'.
    const uint64_t past_z = low_bits + (0x80 - 'Z' - 1) * kEach;  // Top bit: beyond 'Z'.
    const uint64_t is_upper = (from_a ^ past_z) & ~bytes & (0x80 * kEach);
    return bytes | is_upper >> 2;
}

// Writes `from` folded to `to`, which has room for as many bytes and may be the same place.
inline void lower_copy(std::span<const uint8_t> from, uint8_t* to) {
    size_t i = 0;
    for (; i + 8 <= from.size(); i += 8) {
        uint64_t bytes = 0;
        std::memcpy(&bytes, from.data() + i, sizeof bytes);
        bytes = lower8(bytes);
        std::memcpy(to + i, &bytes, sizeof bytes);
    }
    for (; i < from.size(); ++i) to[i] = lower(from[i]);
}

// Whether two byte strings are the same but for the case of letters.
[[nodiscard]] inline bool equal_ignoring_case(std::span<const uint8_t> a,
                                              std::span<const uint8_t> b) {
    if (a.size() != b.size()) return false;
    size_t i = 0;
    for (; i + 8 <= a.size(); i += 8) {
        uint64_t of_a = 0;
        uint64_t of_b = 0;
        std::memcpy(&of_a, a.data() + i, sizeof of_a);
        std::memcpy(&of_b, b.data() + i, sizeof of_b);
        if (lower8(of_a) != lower8(of_b)) return false;
    }
    for (; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

}  // namespace nearcast::dns
