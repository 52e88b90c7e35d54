// SPDX-License-Identifier: Apache-2.0
//
// Secrets that are shown once and kept as digests: 256 bits that nobody can guess.

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

#include "dns/encoding.h"

namespace nearcast::control {

constexpr size_t kSecretSize = 32;
// Of what somebody shows as one; longer texts are not looked at.
constexpr size_t kSecretTextMax = 256;

// With `prefix` in front, so that one that lies about in a file or a log is known for what it is.
// Nothing when the kernel gives no random numbers.
[[nodiscard]] inline std::optional<std::string> make_secret_text(std::string_view prefix) {
    std::array<uint8_t, kSecretSize> bytes{};
    if (::getentropy(bytes.data(), bytes.size()) != 0) return std::nullopt;
    std::string text(prefix);
    dns::append_hex(bytes, text);
    return text;
}

}  // namespace nearcast::control
