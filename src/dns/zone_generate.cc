// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_generate.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "dns/ascii.h"
#include "dns/datum.h"

namespace nearcast::dns {
namespace {

constexpr uint32_t kWidthMax = 63;  // A wider number fits no label.

struct Modifier {
    int64_t offset = 0;
    uint32_t width = 0;
    char base = 'd';
};

// What stands between the braces: offset[,width[,base]].
bool parse_modifier(std::string_view text, Modifier& modifier) {
    std::array<std::string_view, 3> parts{};
    for (size_t i = 0; i < parts.size(); ++i) {
        const size_t comma = i < 2 ? std::min(text.find(','), text.size()) : text.size();
        parts[i] = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    const bool is_negative = parts[0].starts_with('-');
    if (is_negative || parts[0].starts_with('+')) parts[0].remove_prefix(1);
    uint32_t offset = 0;
    if (!parse_decimal(parts[0], UINT32_MAX, offset)) return false;
    modifier.offset = is_negative ? -int64_t{offset} : int64_t{offset};
    if (!parts[1].empty() && !parse_decimal(parts[1], kWidthMax, modifier.width)) return false;
    if (parts[2].empty()) return true;
    modifier.base = parts[2][0];
    return parts[2].size() == 1 &&
           std::string_view("doxXnN").find(modifier.base) != std::string::npos;
}

// Hex digits from the lowest up, with dots between, as names under ip6.arpa want. The dots count
// for the width; where it ends behind one, that stays.
std::string nibbles(uint64_t number, const Modifier& modifier) {
    const std::string_view digits = modifier.base == 'n' ? "0123456789abcdef" : "0123456789ABCDEF";
    std::string text;
    do {
        text += digits[number & 0xF];
        number >>= 4;
        if (number != 0 || text.size() < modifier.width) text += '.';
    } while (number != 0 || text.size() < modifier.width);
    return text;
}

std::string format(int64_t number, const Modifier& modifier) {
    if (modifier.base == 'n' || modifier.base == 'N') {
        return nibbles(static_cast<uint64_t>(number), modifier);
    }
    std::array<char, 24> digits{};
    const int base = modifier.base == 'd' ? 10 : modifier.base == 'o' ? 8 : 16;
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
    std::string text(digits.data(), end);
    if (modifier.base == 'X') {
        std::ranges::transform(text, text.begin(), [](char digit) {
            return digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
        });
    }
    const size_t sign_size = number < 0 ? 1 : 0;
    if (text.size() < modifier.width) text.insert(sign_size, modifier.width - text.size(), '0');
    return text;
}

// At the dollar sign of `pattern`; moves past it and its braces.
bool expand_dollar(std::string_view pattern, size_t& at, uint32_t value, std::string& line) {
    Modifier modifier;
    ++at;
    if (at < pattern.size() && pattern[at] == '$') {
        line += "\\$";
        ++at;
        return true;
    }
    if (at < pattern.size() && pattern[at] == '{') {
        const size_t close = pattern.find('}', at);
        if (close == std::string_view::npos) return false;
        if (!parse_modifier(pattern.substr(at + 1, close - at - 1), modifier)) return false;
        at = close + 1;
    }
    const int64_t number = int64_t{value} + modifier.offset;
    if (number < 0 && modifier.base != 'd') return false;
    line += format(number, modifier);
    return true;
}

// Whether one quoted string behind the word `type` is all of the data: not where the data is a
// string itself.
bool is_text_of_data(std::string_view type) {
    const auto known = parse_rr_type(type);
    return known && rr_layout(*known).fields[0] != Field::Strings;
}

}  // namespace

bool parse_generate_range(std::string_view text, GenerateRange& range) {
    const size_t slash = std::min(text.find('/'), text.size());
    if (slash < text.size()) {
        if (!parse_decimal(text.substr(slash + 1), UINT32_MAX, range.step)) return false;
    }
    text = text.substr(0, slash);
    const size_t hyphen = text.find('-');
    if (hyphen == std::string_view::npos) return false;
    return parse_decimal(text.substr(0, hyphen), UINT32_MAX, range.first) &&
           parse_decimal(text.substr(hyphen + 1), UINT32_MAX, range.last) && range.step > 0 &&
           range.first <= range.last;
}

bool expand_pattern(std::string_view pattern, uint32_t value, std::string& line) {
    for (size_t at = 0; at < pattern.size();) {
        if (pattern[at] == '$') {
            if (!expand_dollar(pattern, at, value, line)) return false;
        } else if (pattern[at] == '\\' && at + 1 < pattern.size()) {
            line += pattern.substr(at, 2);
            at += 2;
        } else {
            line += pattern[at++];
        }
    }
    return true;
}

bool expand_generate(std::span<const Token> words, uint32_t value, std::string& line) {
    for (size_t i = 0; i < words.size(); ++i) {
        const bool is_last = i > 0 && i + 1 == words.size();
        const bool needs_quotes =
            words[i].is_quoted && !(is_last && is_text_of_data(words[i - 1].text));
        if (i > 0) line += ' ';
        if (needs_quotes) line += '"';
        if (!expand_pattern(words[i].text, value, line)) return false;
        if (needs_quotes) line += '"';
    }
    return true;
}

}  // namespace nearcast::dns
