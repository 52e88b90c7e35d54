// SPDX-License-Identifier: Apache-2.0
//
// The sum over bytes that IPv4 and UDP carry (RFC 1071), in the byte order of memory.
//
// A ones' complement sum does not mind the order of bytes within its words, so nothing is swapped:
// what fold() returns is stored as it is.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace nearcast::xdp {

// Adds to a sum. Only the last of several parts may have an odd size. Good for 4 GiB of bytes.
[[nodiscard]] inline uint64_t add_bytes(uint64_t sum, std::span<const uint8_t> bytes) noexcept {
    const uint8_t* data = bytes.data();
    size_t left = bytes.size();
    uint64_t high = 0;  // A second sum, so that additions do not wait for each other.
    for (; left >= 8; data += 8, left -= 8) {
        uint64_t word = 0;
        std::memcpy(&word, data, 8);
        sum += word & UINT32_MAX;
        high += word >> 32;
    }
    if (left > 0) {
        uint64_t word = 0;
        std::memcpy(&word, data, left);
        sum += word & UINT32_MAX;
        high += word >> 32;
    }
    return sum + high;
}

// A word that is given in the order of the host, as the network would carry it.
[[nodiscard]] inline uint64_t add_number(uint64_t sum, uint16_t number) noexcept {
    const uint8_t bytes[2] = {static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
    return add_bytes(sum, bytes);
}

// The sum in 16 bits, not complemented.
[[nodiscard]] inline uint16_t fold(uint64_t sum) noexcept {
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return static_cast<uint16_t>(sum);
}

}  // namespace nearcast::xdp
