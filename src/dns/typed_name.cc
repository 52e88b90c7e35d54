// SPDX-License-Identifier: Apache-2.0

#include "dns/typed_name.h"

#include <algorithm>

#include "dns/ascii.h"
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

bool repeats_zone(std::span<const uint8_t> name, std::span<const uint8_t> zone) {
    constexpr size_t kRootSize = 1;
    const size_t size = zone.size() - kRootSize;  // Of its labels.
    if (size == 0 || name.size() < kRootSize + 2 * size) return false;
    const size_t at = name.size() - kRootSize - 2 * size;
    if (!equal_ignoring_case(name.subspan(at, size), zone.first(size))) return false;
    if (!equal_ignoring_case(name.subspan(at + size), zone)) return false;
    size_t label = 0;
    while (label < at) label += size_t{1} + name[label];
    return label == at;
}

}  // namespace nearcast::dns
