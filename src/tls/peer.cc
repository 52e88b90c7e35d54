// SPDX-License-Identifier: Apache-2.0

#include "tls/peer.h"

#include <algorithm>

#include <openssl/evp.h>

namespace nearcast::tls {
namespace {

constexpr std::string_view kPinMark = "sha256/";
constexpr std::string_view kPinHint =
    "openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin -outform der | "
    "openssl dgst -sha256 -binary | base64";
constexpr size_t kPinTextSize = 44;  // 32 bytes in base64, of which the last sign is padding.

char to_lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

base::Result<SpkiPin> parse_pin(std::string_view text) {
    const std::string_view whole = text;
    if (text.starts_with(kPinMark)) text.remove_prefix(kPinMark.size());
    // Three bytes for each four signs: one more than the pin has.
    std::array<uint8_t, kPinTextSize / 4 * 3> bytes{};
    const bool is_whole = text.size() == kPinTextSize && text.ends_with('=');
    if (!is_whole || EVP_DecodeBlock(bytes.data(), reinterpret_cast<const uint8_t*>(text.data()),
                                     static_cast<int>(text.size())) < 0) {
        return base::fail('"' + std::string(whole) + "\" is no pin: a SHA-256 hash in base64",
                          std::string(kPinHint));
    }
    SpkiPin pin{};
    std::copy_n(bytes.begin(), pin.size(), pin.begin());
    return pin;
}

std::string to_text(const SpkiPin& pin) {
    std::array<uint8_t, kPinTextSize + 1> text{};
    EVP_EncodeBlock(text.data(), pin.data(), static_cast<int>(pin.size()));
    return std::string(kPinMark) + reinterpret_cast<const char*>(text.data());
}

bool Peer::has_name(std::string_view name) const {
    return std::ranges::any_of(names, [&](const std::string& each) {
        return std::ranges::equal(each, name, {}, {}, to_lower);
    });
}

}  // namespace nearcast::tls
