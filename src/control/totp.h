// SPDX-License-Identifier: Apache-2.0
//
// Codes that a phone shows, each good for half a minute (RFC 6238): SHA-1, 6 digits, as all know.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nearcast::control {

using TotpSecret = std::vector<uint8_t>;

constexpr size_t kTotpSecretSize = 20;  // As long as the hash (RFC 4226 §4).
constexpr std::chrono::seconds kTotpPeriod{30};

// The period that a time lies in.
[[nodiscard]] constexpr int64_t totp_step(std::chrono::seconds since_1970) {
    return since_1970 / kTotpPeriod;
}

[[nodiscard]] std::string totp_code(std::span<const uint8_t> secret, int64_t step);

// The step whose code that is: of now, or one before or after it for clocks that differ. Never one
// up to `used`, so that a code is good once.
[[nodiscard]] std::optional<int64_t> find_totp_step(std::span<const uint8_t> secret,
                                                    std::string_view code, int64_t now,
                                                    int64_t used);

// What a phone takes in: otpauth://totp/...
[[nodiscard]] std::string totp_uri(std::span<const uint8_t> secret, const std::string& user);

}  // namespace nearcast::control
