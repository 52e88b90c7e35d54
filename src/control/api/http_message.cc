// SPDX-License-Identifier: Apache-2.0

#include "control/api/http_message.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace nearcast::control_api {
namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char folded = static_cast<char>(c | 0x20);
    return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

enum class Plus : bool { IsPlus, IsSpace };

bool unescape(std::string_view text, Plus plus, std::string& to) {
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == Plus::IsSpace) {
            to += ' ';
        } else if (text[i] != '%') {
            to += text[i];
        } else {
            if (i + 2 >= text.size()) return false;
            const int high = digit_of(text[i + 1]);
            const int low = digit_of(text[i + 2]);
            if (high < 0 || low < 0) return false;
            to += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return is_text(to);
}

// The character at the beginning, which goes; nothing when it is none.
std::optional<uint32_t> take_character(std::string_view& bytes) {
    const auto lead = static_cast<uint8_t>(bytes.front());
    const auto size = lead < 0x80 ? 1U : static_cast<unsigned>(std::countl_one(lead));
    constexpr std::array<uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    if ((size == 1 && lead >= 0x80) || size > 4 || size > bytes.size()) return std::nullopt;
    uint32_t code = size == 1 ? lead : lead & (0x7FU >> size);
    for (unsigned i = 1; i < size; ++i) {
        const auto next = static_cast<uint8_t>(bytes[i]);
        if ((next & 0xC0U) != 0x80) return std::nullopt;
        code = code << 6U | (next & 0x3FU);
    }
    const bool is_surrogate = code >= 0xD800 && code < 0xE000;
    if (code < kLeast[size] || code > 0x10FFFF || is_surrogate) return std::nullopt;
    bytes.remove_prefix(size);
    return code;
}

std::string_view take_until(char separator, std::string_view& text) {
    const size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

// Who takes the server for a proxy names it in front of the path (RFC 9112 §3.2.2).
void drop_authority(std::string_view& target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        target.remove_prefix(scheme.size());
        target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
        return;
    }
}

}  // namespace

std::string Request::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
}

std::optional<std::string> Request::parameter(const std::string& name) const {
    const auto found = query.find(name);
    if (found == query.end()) return std::nullopt;
    return found->second;
}

bool is_text(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto code = take_character(bytes);
        if (!code || *code == 0) return false;
    }
    return true;
}

std::string escaped(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string made;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                              c == '~';
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain) {
            made += c;
        } else {
            made += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
        }
    }
    return made;
}

bool read_target(std::string_view target, Request& request) {
    drop_authority(target);
    std::string_view path = take_until('?', target);
    while (!path.empty()) {
        const std::string_view segment = take_until('/', path);
        if (segment.empty()) continue;  // "//" and a slash at the end mean nothing.
        if (!unescape(segment, Plus::IsPlus, request.path.emplace_back())) return false;
    }
    while (!target.empty()) {
        std::string_view pair = take_until('&', target);
        std::string name;
        std::string value;
        const std::string_view raw_name = take_until('=', pair);
        if (!unescape(raw_name, Plus::IsSpace, name) || !unescape(pair, Plus::IsSpace, value)) {
            return false;
        }
        request.query.emplace(std::move(name), std::move(value));
    }
    return true;
}

}  // namespace nearcast::control_api
