// SPDX-License-Identifier: Apache-2.0

#include "dns/token.h"

#include <cstdint>

namespace nearcast::dns {

std::string quote(std::string_view word) {
    constexpr size_t kShownMax = 64;  // As long as a label; the place tells the rest.
    std::string text = "\"";
    for (const char character : word.substr(0, kShownMax)) {
        const auto byte = static_cast<uint8_t>(character);
        text += byte < ' ' || byte == 0x7F ? '?' : character;
    }
    return text + (word.size() > kShownMax ? "...\"" : "\"");
}

}  // namespace nearcast::dns
