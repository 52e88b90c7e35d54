// SPDX-License-Identifier: Apache-2.0

#include "control/totp.h"

#include <array>
#include <cstdio>

#include "base/bytes.h"
#include "transfer/hmac.h"

namespace nearcast::control {
namespace {

constexpr uint32_t kModulus = 1'000'000;
constexpr size_t kDigits = 6;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";  // RFC 4648 §6.

std::string base32(std::span<const uint8_t> bytes) {
    std::string text;
    uint32_t bits = 0;
    int count = 0;
    for (const uint8_t byte : bytes) {
        bits = bits << 8U | byte;
        for (count += 8; count >= 5; count -= 5) {
            text += kAlphabet[bits >> static_cast<unsigned>(count - 5) & 31U];
        }
    }
    if (count > 0) text += kAlphabet[bits << static_cast<unsigned>(5 - count) & 31U];
    return text;
}

}  // namespace

std::string totp_code(std::span<const uint8_t> secret, int64_t step) {
    std::array<uint8_t, 8> counter{};
    for (size_t i = 0; i < counter.size(); ++i) {
        counter[counter.size() - 1 - i] = static_cast<uint8_t>(step >> 8 * i);
    }
    transfer::Hmac hmac;
    hmac.start(transfer::Hash::Sha1, secret);
    hmac.add(counter);
    const transfer::Mac mac = hmac.finish();
    // RFC 4226 §5.3.
    const size_t at = mac.bytes[19] & 15U;
    const uint32_t number = base::load_u32(&mac.bytes[at]) & 0x7FFF'FFFFU;
    std::array<char, kDigits + 1> text{};
    std::snprintf(text.data(), text.size(), "%06u", number % kModulus);
    return text.data();
}

std::optional<int64_t> find_totp_step(std::span<const uint8_t> secret, std::string_view code,
                                      int64_t now, int64_t used) {
    if (code.size() != kDigits) return std::nullopt;
    for (const int64_t step : {now, now - 1, now + 1}) {
        const std::string right = totp_code(secret, step);
        const std::span left(reinterpret_cast<const uint8_t*>(code.data()), code.size());
        const std::span wanted(reinterpret_cast<const uint8_t*>(right.data()), right.size());
        if (step > used && transfer::is_same_mac(left, wanted)) return step;
    }
    return std::nullopt;
}

std::string totp_uri(std::span<const uint8_t> secret, const std::string& user) {
    return "otpauth://totp/Nearcast:" + user + "?secret=" + base32(secret) + "&issuer=Nearcast";
}

}  // namespace nearcast::control
