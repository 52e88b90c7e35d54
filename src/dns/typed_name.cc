// SPDX-License-Identifier: Apache-2.0

#include "dns/typed_name.h"

#include <algorithm>

#include "dns/rdata.h"

namespace nearcast::dns {
namespace {

constexpr const char* kUnicode =
    "has letters that are not ASCII: a name has its A-labels there (RFC 5890), as idn2 prints them";
constexpr const char* kExample = "xn--bcher-kva.example.org for bücher.example.org";

bool is_ascii(uint8_t byte) { return byte < 0x80; }

bool is_blank(char c) { return static_cast<uint8_t>(c) <= ' ' || c == 0x7F; }

}  // namespace

base::Result<Name> parse_typed_name(std::string_view text, const Name* origin) {
    if (!std::ranges::all_of(text, is_ascii)) return base::fail(kUnicode, kExample);
    if (std::ranges::any_of(text, is_blank)) {
        return base::fail("has a space or a control character without an escape",
                          "a\\032b, if it is meant");
    }
    return parse_name(text, origin);
}

base::Result<void> check_typed_names(RRType type, std::string_view content,
                                     std::span<const uint8_t> rdata) {
    if (std::ranges::all_of(content, is_ascii)) return {};
    RdataNames names(type, rdata);
    RdataName name;
    while (names.next(name)) {
        if (!std::ranges::all_of(rdata.subspan(name.offset, name.size), is_ascii)) {
            return base::fail(kUnicode, kExample);
        }
    }
    return {};
}

}  // namespace nearcast::dns
