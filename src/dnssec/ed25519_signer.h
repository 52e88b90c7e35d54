// SPDX-License-Identifier: Apache-2.0
//
// Ed25519 by libsodium: a zone of a million names needs millions of signatures, and OpenSSL 3.0
// takes more than twice as long for each. One for each thread.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct evp_pkey_st;

namespace nearcast::dnssec {

class Ed25519Signer {
 public:
    // Nothing when the key is of another algorithm, or does not give itself out.
    [[nodiscard]] static std::optional<Ed25519Signer> of(const evp_pkey_st* key);

    // Appends the signature to `signature`.
    void sign(std::span<const uint8_t> data, std::vector<uint8_t>& signature) const;

 private:
    static constexpr size_t kSeedSize = 32;
    using Secret = std::array<uint8_t, 2 * kSeedSize>;  // The seed, then the public key.
    struct Wipe {
        void operator()(Secret* secret) const;
    };

    std::unique_ptr<Secret, Wipe> secret_;
};

}  // namespace nearcast::dnssec
