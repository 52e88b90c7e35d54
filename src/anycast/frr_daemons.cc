// SPDX-License-Identifier: Apache-2.0

#include "anycast/frr_daemons.h"

#include <algorithm>
#include <array>

namespace nearcast::anycast {

namespace {

constexpr std::array<std::string_view, 2> kNeeded{"bgpd", "bfdd"};

}  // namespace

std::string with_frr_daemons(std::string_view text) {
    std::string result;
    std::array<bool, kNeeded.size()> is_there{};
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end);
        for (size_t i = 0; i < kNeeded.size(); ++i) {
            if (!line.starts_with(kNeeded[i]) || !line.substr(kNeeded[i].size()).starts_with('=')) {
                continue;
            }
            is_there[i] = true;
            result.append(kNeeded[i]).append("=yes\n");
            line = {};
            break;
        }
        result += line;
    }
    for (size_t i = 0; i < kNeeded.size(); ++i) {
        if (is_there[i]) continue;
        if (!result.empty() && result.back() != '\n') result += '\n';
        result.append(kNeeded[i]).append("=yes\n");
    }
    return result;
}

}  // namespace nearcast::anycast
