// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_pieces.h"

namespace nearcast::dns {
namespace {

// What follows the end of a line begins no owner: it is blank, a comment, a directive, or less.
constexpr std::string_view kNoOwner = " \t\r\n;$()\"";

size_t end_of_piece(std::string_view text, size_t size) {
    size_t at = text.find('\n', size - 1);
    while (at != std::string_view::npos && at + 1 < text.size()) {
        if (kNoOwner.find(text[at + 1]) == std::string_view::npos) return at + 1;
        at = text.find('\n', at + 1);
    }
    return text.size();
}

}  // namespace

std::vector<std::string_view> cut_zone_text(std::string_view text, size_t size) {
    std::vector<std::string_view> pieces;
    while (!text.empty()) {
        pieces.push_back(text.substr(0, end_of_piece(text, size)));
        text.remove_prefix(pieces.back().size());
    }
    return pieces;
}

}  // namespace nearcast::dns
