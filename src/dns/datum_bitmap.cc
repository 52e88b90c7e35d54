// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <bit>

#include "dns/datum.h"

namespace nearcast::dns {
namespace {

// A window holds the 256 types that share their upper byte, and only up to its last byte in use.
constexpr size_t kWindowBytesMax = 32;

void put_window(std::span<const uint16_t> types, Bytes& rdata) {
    std::array<uint8_t, kWindowBytesMax> bits{};
    for (const uint16_t type : types) {
        bits[(type & 0xFF) / 8] |= static_cast<uint8_t>(0x80 >> type % 8);
    }
    const size_t size = (types.back() & 0xFFU) / 8 + 1;
    rdata.push_back(static_cast<uint8_t>(types.back() >> 8));
    rdata.push_back(static_cast<uint8_t>(size));
    rdata.insert(rdata.end(), bits.begin(), bits.begin() + size);
}

Fault parse_bitmap(TokenReader& words, Bytes& rdata) {
    std::vector<uint16_t> types;
    std::string_view text;
    while (words.has_next()) {
        if (const Fault fault = words.next(text)) return fault;
        const auto type = parse_rr_type(text);
        if (!type) return Fault("is not a record type");
        types.push_back(static_cast<uint16_t>(*type));
    }
    std::ranges::sort(types);
    for (auto first = types.begin(); first != types.end();) {
        const auto end = std::find_if(first, types.end(), [window = *first >> 8](uint16_t type) {
            return type >> 8 != window;
        });
        put_window({first, end}, rdata);
        first = end;
    }
    return {};
}

bool check_bitmap(WireReader& rdata) {
    int previous = -1;
    while (rdata.remaining() > 0) {
        uint8_t window = 0;
        uint8_t size = 0;
        std::span<const uint8_t> bits;
        if (!rdata.read_u8(window) || !rdata.read_u8(size)) return false;
        if (size == 0 || size > kWindowBytesMax || !rdata.read_bytes(size, bits)) return false;
        if (window <= previous || bits.back() == 0) return false;
        previous = window;
    }
    return true;
}

void print_window(uint8_t window, std::span<const uint8_t> bits, std::string& text) {
    for (size_t i = 0; i < bits.size(); ++i) {
        for (uint8_t byte = bits[i]; byte != 0;) {
            const int bit = std::countl_zero(byte);
            byte = static_cast<uint8_t>(byte & ~(0x80U >> bit));
            const auto type = static_cast<uint16_t>(static_cast<size_t>(window) << 8 | i * 8 |
                                                    static_cast<size_t>(bit));
            if (text.back() != ' ') text += ' ';
            append_text(static_cast<RRType>(type), text);
        }
    }
}

void print_bitmap(WireReader& rdata, std::string& text) {
    while (rdata.remaining() > 0) {
        uint8_t window = 0;
        uint8_t size = 0;
        std::span<const uint8_t> bits;
        (void)rdata.read_u8(window);
        (void)rdata.read_u8(size);
        (void)rdata.read_bytes(size, bits);
        print_window(window, bits, text);
    }
}

}  // namespace

const Datum kTypeBitmapDatum{parse_bitmap, check_bitmap, print_bitmap};

}  // namespace nearcast::dns
