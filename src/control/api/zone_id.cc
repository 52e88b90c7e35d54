// SPDX-License-Identifier: Apache-2.0

#include "control/api/zone_id.h"

namespace nearcast::control_api {
namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char folded = static_cast<char>(c | 0x20);
    return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

}  // namespace

std::string zone_id(const dns::Name& zone) {
    if (zone.is_root()) return "=2E";
    std::string id;
    for (const char c : dns::to_text(zone.lowered())) {
        if (is_plain(c)) {
            id += c;
            continue;
        }
        constexpr std::string_view kDigits = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        id += {'=', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
    return id;
}

std::optional<dns::Name> parse_zone_id(std::string_view id) {
    std::string text;
    for (size_t i = 0; i < id.size(); ++i) {
        const int high = i + 2 < id.size() ? digit_of(id[i + 1]) : -1;
        const int low = i + 2 < id.size() ? digit_of(id[i + 2]) : -1;
        if (id[i] != '=' || high < 0 || low < 0) {
            text += id[i];
            continue;
        }
        text += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (text.empty()) return std::nullopt;
    const dns::Name root;
    auto name = dns::parse_name(text, &root);
    if (!name) return std::nullopt;
    return name->lowered();
}

}  // namespace nearcast::control_api
