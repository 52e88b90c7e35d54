// SPDX-License-Identifier: Apache-2.0
//
// The algorithms that zones are signed with, by their numbers in DNSKEY, DS and RRSIG.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nearcast::dnssec {

// Those that may be used to sign (RFC 8624 §3.1): SHA-1 and older ones are left out.
enum class Algorithm : uint8_t {
    RsaSha256 = 8,
    RsaSha512 = 10,
    EcdsaP256Sha256 = 13,
    EcdsaP384Sha384 = 14,
    Ed25519 = 15,
    Ed448 = 16,
};

[[nodiscard]] constexpr bool is_rsa(Algorithm algorithm) {
    return algorithm == Algorithm::RsaSha256 || algorithm == Algorithm::RsaSha512;
}

// Nothing for those that we do not sign with.
[[nodiscard]] std::optional<Algorithm> algorithm_of(uint8_t number);
// "ECDSAP256SHA256", as the IANA registry calls it.
[[nodiscard]] std::string_view to_text(Algorithm algorithm);
// Its number, or its name in any letter case.
[[nodiscard]] std::optional<Algorithm> parse_algorithm(std::string_view text);

}  // namespace nearcast::dnssec
