// SPDX-License-Identifier: Apache-2.0
//
// What a TLS handshake has proved of the other side.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nearcast::tls {

// SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 7858 §4.2, RFC 7469 §2.4).
using SpkiPin = std::array<uint8_t, 32>;

// Reads "sha256/" and base64, the part in front being optional.
[[nodiscard]] base::Result<SpkiPin> parse_pin(std::string_view text);
[[nodiscard]] std::string to_text(const SpkiPin& pin);

struct Peer {
    // TLS 1.3 with the protocol "dot": what transfers need (RFC 9103 §7.1, §7.2).
    bool is_fit_for_transfers = false;
    // It proved to have the key of a certificate; what follows is that certificate's.
    bool has_certificate = false;
    SpkiPin pin{};
    // The DNS names that it bears, in lower case. None unless a CA that we believe signed it.
    std::vector<std::string> names;

    [[nodiscard]] bool has_name(std::string_view name) const;
};

}  // namespace nearcast::tls
