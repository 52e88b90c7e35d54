// SPDX-License-Identifier: Apache-2.0
//
// A private key, and the signatures that it makes.
//
// The key lies in memory or in a token that never gives it out. Copies share it. A PrivateKey may
// be used by any thread; a KeySigner belongs to one, for it keeps the contexts that a signature
// needs, so that a million signatures set up nothing a million times.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dnssec/algorithm.h"

struct evp_pkey_st;

namespace nearcast::dnssec {

// Of a new RSA key. Shorter ones are not refused by validators, but are not made here either (NIST
// SP 800-57 has 2048 as the least); longer ones make every answer longer.
constexpr unsigned kRsaBits = 2048;

class PrivateKey {
 public:
    [[nodiscard]] static base::Result<PrivateKey> generate(Algorithm algorithm);
    // From what to_pem() gave. Fails when it is no key, or one of another kind than the
    // algorithm's.
    [[nodiscard]] static base::Result<PrivateKey> from_pem(Algorithm algorithm,
                                                           std::string_view pem);
    // The key in a PKCS#11 token that the URI (RFC 7512) names; its attribute pin-value or
    // pin-source lets in. `module` is the file of the token's library. RSA and ECDSA alone: the
    // adapter of OpenSSL knows no other.
    [[nodiscard]] static base::Result<PrivateKey> from_token(Algorithm algorithm,
                                                             const std::string& module,
                                                             const std::string& uri);

    [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
    // As a DNSKEY holds it.
    [[nodiscard]] std::span<const uint8_t> public_key() const { return public_key_; }
    // PKCS#8 in the clear: seal it (seal.h) before it is kept anywhere. Fails for a token's key.
    [[nodiscard]] base::Result<std::string> to_pem() const;

 private:
    friend class KeySigner;

    [[nodiscard]] static base::Result<PrivateKey> adopt(Algorithm algorithm, evp_pkey_st* key);

    Algorithm algorithm_ = Algorithm::EcdsaP256Sha256;
    std::shared_ptr<evp_pkey_st> key_;
    std::vector<uint8_t> public_key_;
    bool is_in_token_ = false;
};

class KeySigner {
 public:
    explicit KeySigner(const PrivateKey& key);
    KeySigner(KeySigner&&) noexcept;
    KeySigner& operator=(KeySigner&&) noexcept;
    ~KeySigner();

    // Appends the signature over `data` in the form that RRSIG has it. False when the key refuses,
    // as one in a token may at any time.
    [[nodiscard]] bool sign(std::span<const uint8_t> data, std::vector<uint8_t>& signature);

 private:
    struct State;
    std::unique_ptr<State> state_;
};

// Whether `signature` over `data` was made with the private side of the key in this DNSKEY.
[[nodiscard]] bool is_signed_by(std::span<const uint8_t> dnskey_rdata,
                                std::span<const uint8_t> data, std::span<const uint8_t> signature);

}  // namespace nearcast::dnssec
