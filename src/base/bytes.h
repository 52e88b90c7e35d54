// SPDX-License-Identifier: Apache-2.0
//
// Numbers in network byte order, at any alignment. The caller has checked the bounds.

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace nearcast::base {

[[nodiscard]] inline uint16_t load_u16(const uint8_t* from) {
    uint16_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::little ? __builtin_bswap16(value) : value;
}

[[nodiscard]] inline uint32_t load_u32(const uint8_t* from) {
    uint32_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}

inline void store_u16(uint8_t* to, uint16_t value) {
    if (std::endian::native == std::endian::little) value = __builtin_bswap16(value);
    std::memcpy(to, &value, sizeof value);
}

inline void store_u32(uint8_t* to, uint32_t value) {
    if (std::endian::native == std::endian::little) value = __builtin_bswap32(value);
    std::memcpy(to, &value, sizeof value);
}

}  // namespace nearcast::base
