// SPDX-License-Identifier: Apache-2.0
//
// The $GENERATE directive: a line that stands for many, with a number put in for each dollar sign.
//
//   $GENERATE 1-254 host-${0,3,d} A 192.0.2.$      host-001 A 192.0.2.1, host-002 A ...
//
// As BIND has it: ${offset,width,base} with base d, o, x, X, n or N; \$ and $$
// are a dollar sign.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dns/token.h"

namespace nearcast::dns {

struct GenerateRange {
    uint32_t first = 0;
    uint32_t last = 0;
    uint32_t step = 1;

    [[nodiscard]] uint64_t count() const { return uint64_t{last - first} / step + 1; }
};

// "1-254" or "0-100/2".
[[nodiscard]] bool parse_generate_range(std::string_view text, GenerateRange& range);

// Appends `pattern` with `value` in place of its dollar signs. False when one is malformed or the
// number with its offset is negative and not to be decimal.
[[nodiscard]] bool expand_pattern(std::string_view pattern, uint32_t value, std::string& line);

// Makes of the words behind the range the entry that stands for `value`. Data given as one quoted
// string is the data's text, as BIND wants it, unless the type's data is strings.
[[nodiscard]] bool expand_generate(std::span<const Token> words, uint32_t value, std::string& line);

}  // namespace nearcast::dns
