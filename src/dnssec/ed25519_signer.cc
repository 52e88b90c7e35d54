// SPDX-License-Identifier: Apache-2.0

#include "dnssec/ed25519_signer.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>

namespace nearcast::dnssec {

void Ed25519Signer::Wipe::operator()(Secret* secret) const {
    OPENSSL_cleanse(secret->data(), secret->size());
    delete secret;
}

std::optional<Ed25519Signer> Ed25519Signer::of(const evp_pkey_st* key) {
    static_assert(sizeof(Secret) == crypto_sign_SECRETKEYBYTES);
    if (EVP_PKEY_is_a(key, "ED25519") != 1 || ::sodium_init() < 0) return std::nullopt;
    Ed25519Signer signer;
    signer.secret_.reset(new Secret{});
    size_t seed_size = kSeedSize;
    size_t public_size = kSeedSize;
    uint8_t* const seed = signer.secret_->data();
    if (EVP_PKEY_get_raw_private_key(key, seed, &seed_size) != 1 ||
        EVP_PKEY_get_raw_public_key(key, seed + kSeedSize, &public_size) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    return signer;
}

void Ed25519Signer::sign(std::span<const uint8_t> data, std::vector<uint8_t>& signature) const {
    const size_t begin = signature.size();
    signature.resize(begin + crypto_sign_BYTES);
    ::crypto_sign_detached(signature.data() + begin, nullptr, data.data(), data.size(),
                           secret_->data());
}

}  // namespace nearcast::dnssec
