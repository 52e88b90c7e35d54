// SPDX-License-Identifier: Apache-2.0
//
// SHA-384 of a text, in hex: to tell whether two are the same without keeping one.

#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "dns/encoding.h"
#include "dnssec/digest.h"

namespace nearcast::control {

[[nodiscard]] inline std::string text_digest(std::string_view text) {
    constexpr auto kKind = dnssec::DigestKind::Sha384;
    dnssec::Digest digest(kKind);
    digest.start();
    digest.add({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    std::array<uint8_t, dnssec::kDigestSizeMax> room{};
    const auto bytes = std::span(room).first(dnssec::digest_size(kKind));
    digest.finish(bytes);
    std::string hex;
    dns::append_hex(bytes, hex);
    return hex;
}

}  // namespace nearcast::control
