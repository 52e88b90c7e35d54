// SPDX-License-Identifier: Apache-2.0

#include "transfer/hmac.h"

#include <cassert>
#include <cstdlib>
#include <string>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/free_with.h"

namespace nearcast::transfer {
namespace {

struct Kind {
    const char* name;  // As OpenSSL calls it.
    uint8_t size;
};

constexpr std::array<Kind, kHashCount> kKinds = {Kind{"MD5", 16},      Kind{"SHA1", 20},
                                                 Kind{"SHA2-224", 28}, Kind{"SHA2-256", 32},
                                                 Kind{"SHA2-384", 48}, Kind{"SHA2-512", 64}};

const Kind& kind_of(Hash hash) { return kKinds[static_cast<size_t>(hash)]; }

// A failure here is no memory or a broken library: no answer may leave with a wrong signature.
void require(bool is_done) {
    if (!is_done) std::abort();
}

using Algorithm = std::unique_ptr<EVP_MAC, base::FreeWith<EVP_MAC_free>>;
using Context = std::unique_ptr<EVP_MAC_CTX, base::FreeWith<EVP_MAC_CTX_free>>;

Context make_context(EVP_MAC* algorithm, Hash hash) {
    Context context(EVP_MAC_CTX_new(algorithm));
    std::string name = kind_of(hash).name;
    const std::array parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
        OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_CTX_set_params(context.get(), parameters.data()) != 1) return {};
    return context;
}

}  // namespace

struct Hmac::State {
    Algorithm algorithm;
    std::array<Context, kHashCount> contexts;
    EVP_MAC_CTX* current = nullptr;
};

Hmac::Hmac() : state_(std::make_unique<State>()) {
    state_->algorithm.reset(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    require(state_->algorithm != nullptr);
    for (size_t i = 0; i < kHashCount; ++i) {
        state_->contexts[i] = make_context(state_->algorithm.get(), static_cast<Hash>(i));
    }
}

Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;
Hmac::~Hmac() = default;

bool Hmac::supports(Hash hash) const {
    return state_->contexts[static_cast<size_t>(hash)] != nullptr;
}

void Hmac::start(Hash hash, std::span<const uint8_t> key) {
    assert(!key.empty() && supports(hash));
    state_->current = state_->contexts[static_cast<size_t>(hash)].get();
    require(EVP_MAC_init(state_->current, key.data(), key.size(), nullptr) == 1);
}

void Hmac::add(std::span<const uint8_t> bytes) {
    require(EVP_MAC_update(state_->current, bytes.data(), bytes.size()) == 1);
}

Mac Hmac::finish() {
    Mac mac;
    size_t size = 0;
    require(EVP_MAC_final(state_->current, mac.bytes.data(), &size, mac.bytes.size()) == 1);
    mac.size = static_cast<uint8_t>(size);
    return mac;
}

size_t hash_size(Hash hash) { return kind_of(hash).size; }

bool is_same_mac(std::span<const uint8_t> a, std::span<const uint8_t> b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace nearcast::transfer
