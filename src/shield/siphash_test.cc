// SPDX-License-Identifier: Apache-2.0

#include "shield/siphash.h"

#include <vector>

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace nearcast::shield {
namespace {

std::array<uint8_t, 8> by_openssl(const SipKey& key, std::span<const uint8_t> bytes) {
    size_t size = 8;
    const std::array parameters = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                   OSSL_PARAM_construct_end()};
    std::array<uint8_t, 8> result{};
    EVP_MAC* const mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_SIPHASH, nullptr);
    EVP_MAC_CTX* const context = EVP_MAC_CTX_new(mac);
    EXPECT_EQ(EVP_MAC_init(context, key.data(), key.size(), parameters.data()), 1);
    EXPECT_EQ(EVP_MAC_update(context, bytes.data(), bytes.size()), 1);
    EXPECT_EQ(EVP_MAC_final(context, result.data(), &size, result.size()), 1);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return result;
}

// Appendix A of the paper: key 00 01 .. 0f, input 00 01 .. 0e.
TEST(SipHash, GivesWhatThePaperSays) {
    SipKey key;
    for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i);
    const std::array<uint8_t, 8> expected = {0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1};
    EXPECT_EQ(siphash(key, std::span(key).first(15)), expected);
}

TEST(SipHash, AgreesWithOpenSslForEverySize) {
    uint32_t seed = 1;
    const auto next = [&seed] { return static_cast<uint8_t>((seed = seed * 1664525 + 1) >> 24); };
    SipKey key;
    std::vector<uint8_t> bytes;
    for (size_t size = 0; size <= 64; ++size) {
        for (uint8_t& byte : key) byte = next();
        EXPECT_EQ(siphash(key, bytes), by_openssl(key, bytes)) << size;
        bytes.push_back(next());
    }
}

}  // namespace
}  // namespace nearcast::shield
