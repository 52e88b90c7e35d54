// SPDX-License-Identifier: Apache-2.0

#include "dnssec/public_key.h"

#include <string_view>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

namespace nearcast::dnssec {
namespace {

constexpr uint8_t kUncompressedPoint = 4;  // In front of a point as OpenSSL writes it.

std::vector<uint8_t> number_bytes(EVP_PKEY* key, const char* name) {
    BIGNUM* read = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &read) != 1) return {};
    const OwnedNumber number(read);
    std::vector<uint8_t> bytes(static_cast<size_t>(BN_num_bytes(number.get())));
    BN_bn2bin(number.get(), bytes.data());
    return bytes;
}

std::vector<uint8_t> rsa_key_of(EVP_PKEY* key) {
    const auto exponent = number_bytes(key, OSSL_PKEY_PARAM_RSA_E);
    const auto modulus = number_bytes(key, OSSL_PKEY_PARAM_RSA_N);
    if (exponent.empty() || exponent.size() > UINT8_MAX || modulus.empty()) return {};
    std::vector<uint8_t> wire = {static_cast<uint8_t>(exponent.size())};
    wire.insert(wire.end(), exponent.begin(), exponent.end());
    wire.insert(wire.end(), modulus.begin(), modulus.end());
    return wire;
}

std::vector<uint8_t> ecdsa_key_of(EVP_PKEY* key, const KeyKind& kind) {
    unsigned char* bytes = nullptr;
    const size_t size = EVP_PKEY_get1_encoded_public_key(key, &bytes);
    std::vector<uint8_t> wire;
    if (size == 1 + 2 * kind.half_size && bytes[0] == kUncompressedPoint) {
        wire.assign(bytes + 1, bytes + size);
    }
    OPENSSL_free(bytes);
    return wire;
}

std::vector<uint8_t> raw_key_of(EVP_PKEY* key) {
    size_t size = 0;
    if (EVP_PKEY_get_raw_public_key(key, nullptr, &size) != 1) return {};
    std::vector<uint8_t> wire(size);
    if (EVP_PKEY_get_raw_public_key(key, wire.data(), &size) != 1) return {};
    return wire;
}

// The same key without what is private in it: of a token's key nothing else can be read.
OwnedPkey public_side(EVP_PKEY* key) {
    unsigned char* bytes = nullptr;
    const int size = i2d_PUBKEY(key, &bytes);
    if (size <= 0) return nullptr;
    const unsigned char* at = bytes;
    OwnedPkey copy(d2i_PUBKEY(nullptr, &at, size));
    OPENSSL_free(bytes);
    return copy;
}

using OwnedBuilder = std::unique_ptr<OSSL_PARAM_BLD, base::FreeWith<OSSL_PARAM_BLD_free>>;
using OwnedParameters = std::unique_ptr<OSSL_PARAM, base::FreeWith<OSSL_PARAM_free>>;

OwnedPkey build(const char* type, OSSL_PARAM_BLD* builder) {
    const OwnedParameters parameters(OSSL_PARAM_BLD_to_param(builder));
    const OwnedPkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return nullptr;
    }
    return OwnedPkey(key);
}

OwnedPkey read_rsa(std::span<const uint8_t> wire) {
    // The size of the exponent in one byte, or in two behind a zero.
    if (wire.size() < 3) return nullptr;
    const bool is_long = wire[0] == 0;
    const size_t at = is_long ? 3 : 1;
    const size_t size = is_long ? static_cast<size_t>(wire[1] << 8 | wire[2]) : wire[0];
    if (wire.size() <= at + size) return nullptr;
    const auto modulus = wire.subspan(at + size);
    const OwnedNumber e(BN_bin2bn(wire.data() + at, static_cast<int>(size), nullptr));
    const OwnedNumber n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
    const OwnedBuilder builder(OSSL_PARAM_BLD_new());
    if (!OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) ||
        !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get())) {
        return nullptr;
    }
    return build("RSA", builder.get());
}

OwnedPkey read_ecdsa(const KeyKind& kind, std::span<const uint8_t> wire) {
    if (wire.size() != 2 * kind.half_size) return nullptr;
    std::vector<uint8_t> point = {kUncompressedPoint};
    point.insert(point.end(), wire.begin(), wire.end());
    const OwnedBuilder builder(OSSL_PARAM_BLD_new());
    if (!OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kind.group,
                                         0) ||
        !OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                          point.size())) {
        return nullptr;
    }
    return build("EC", builder.get());
}

}  // namespace

const KeyKind& kind_of(Algorithm algorithm) {
    static constexpr KeyKind kRsaSha256 = {"RSA", nullptr, "SHA256", 0};
    static constexpr KeyKind kRsaSha512 = {"RSA", nullptr, "SHA512", 0};
    static constexpr KeyKind kP256 = {"EC", "P-256", "SHA256", 32};
    static constexpr KeyKind kP384 = {"EC", "P-384", "SHA384", 48};
    static constexpr KeyKind kEd25519 = {"ED25519", nullptr, nullptr, 0};
    static constexpr KeyKind kEd448 = {"ED448", nullptr, nullptr, 0};
    switch (algorithm) {
        case Algorithm::RsaSha256:
            return kRsaSha256;
        case Algorithm::RsaSha512:
            return kRsaSha512;
        case Algorithm::EcdsaP256Sha256:
            return kP256;
        case Algorithm::EcdsaP384Sha384:
            return kP384;
        case Algorithm::Ed25519:
            return kEd25519;
        case Algorithm::Ed448:
            return kEd448;
    }
    std::abort();  // An enumerator that this switch has not.
}

std::vector<uint8_t> public_key_of(Algorithm algorithm, EVP_PKEY* key) {
    const KeyKind& kind = kind_of(algorithm);
    const OwnedPkey copy = public_side(key);
    if (!copy || EVP_PKEY_is_a(copy.get(), kind.type) != 1) return {};
    if (is_rsa(algorithm)) return rsa_key_of(copy.get());
    return kind.group != nullptr ? ecdsa_key_of(copy.get(), kind) : raw_key_of(copy.get());
}

OwnedPkey read_public_key(Algorithm algorithm, std::span<const uint8_t> wire) {
    const KeyKind& kind = kind_of(algorithm);
    if (is_rsa(algorithm)) return read_rsa(wire);
    if (kind.group != nullptr) return read_ecdsa(kind, wire);
    const int type = algorithm == Algorithm::Ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448;
    return OwnedPkey(EVP_PKEY_new_raw_public_key(type, nullptr, wire.data(), wire.size()));
}

}  // namespace nearcast::dnssec
