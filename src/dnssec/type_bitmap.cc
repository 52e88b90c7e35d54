// SPDX-License-Identifier: Apache-2.0

#include "dnssec/type_bitmap.h"

#include <array>

namespace nearcast::dnssec {

void append_type_bitmap(std::span<const dns::RRType> types, std::vector<uint8_t>& to) {
    size_t at = 0;
    while (at < types.size()) {
        const auto window = static_cast<uint16_t>(types[at]) >> 8;
        std::array<uint8_t, 32> bits{};
        size_t size = 0;
        for (; at < types.size() && static_cast<uint16_t>(types[at]) >> 8 == window; ++at) {
            const auto low = static_cast<uint16_t>(types[at]) & 0xFFU;
            bits[low / 8] = static_cast<uint8_t>(bits[low / 8] | 0x80U >> (low % 8));
            size = low / 8 + 1;
        }
        to.push_back(static_cast<uint8_t>(window));
        to.push_back(static_cast<uint8_t>(size));
        to.insert(to.end(), bits.begin(), bits.begin() + static_cast<long>(size));
    }
}

}  // namespace nearcast::dnssec
