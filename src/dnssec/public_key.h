// SPDX-License-Identifier: Apache-2.0
//
// Public keys between the form of OpenSSL and that of a DNSKEY. For the sources of this module.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnssec/algorithm.h"
#include "dnssec/openssl_types.h"

namespace nearcast::dnssec {

// What the algorithm needs of OpenSSL.
struct KeyKind {
    const char* type;    // Of the key.
    const char* group;   // Of an elliptic curve with ECDSA; else null.
    const char* digest;  // That is signed; null where the algorithm has its own.
    size_t half_size;    // Of r and of s in an ECDSA signature.
};
[[nodiscard]] const KeyKind& kind_of(Algorithm algorithm);

// Empty when the key is not of the algorithm's kind. RFC 3110 §2, RFC 6605 §4, RFC 8080 §3.
[[nodiscard]] std::vector<uint8_t> public_key_of(Algorithm algorithm, EVP_PKEY* key);
// Null when it is no such key.
[[nodiscard]] OwnedPkey read_public_key(Algorithm algorithm, std::span<const uint8_t> wire);

}  // namespace nearcast::dnssec
