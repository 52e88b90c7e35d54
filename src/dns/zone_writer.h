// SPDX-License-Identifier: Apache-2.0
//
// Writes records as a master file that any server reads (RFC 1035 §5).
//
// One record a line, in the order in which they are given. Reading the file gives the same records.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dns/name.h"
#include "dns/record.h"

namespace nearcast::dns {

enum class ZoneFileStyle : uint8_t {
    Absolute,  // Every line stands for itself: good for comparing, sorting and searching.
    Generic,  // The same, with all data in the form of RFC 3597, for servers that know fewer types.
    Relative,  // $ORIGIN and $TTL in front, owners relative, one that repeats left out: for people.
};

class ZoneWriter {
 public:
    // `default_ttl` is left out where a record has it; none with the absolute style.
    ZoneWriter(const Name& origin, ZoneFileStyle style, uint32_t default_ttl = 0);

    // Appends what stands in front of the first record.
    void begin(std::string& text) const;

    // Appends the record's line. `owner` is a whole name, the rdata not compressed.
    struct Line {
        std::span<const uint8_t> owner;
        RRType type = RRType::None;
        RRClass rr_class = RRClass::IN;
        uint32_t ttl = 0;
        std::span<const uint8_t> rdata;
    };
    void write(const Line& line, std::string& text);

 private:
    void append_type(RRType type, std::string& text) const;
    void write_owner(std::span<const uint8_t> owner, std::string& text);

    Name origin_;
    bool is_whole_;
    bool is_generic_;
    uint32_t default_ttl_;
    std::vector<uint8_t> last_owner_;
};

}  // namespace nearcast::dns
