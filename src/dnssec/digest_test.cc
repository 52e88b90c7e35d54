// SPDX-License-Identifier: Apache-2.0

#include "dnssec/digest.h"

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "dns/encoding.h"

namespace nearcast::dnssec {
namespace {

size_t allocation_count = 0;

void* counted_malloc(size_t size, const char*, int) {
    ++allocation_count;
    return std::malloc(size);
}
void* counted_realloc(void* memory, size_t size, const char*, int) {
    ++allocation_count;
    return std::realloc(memory, size);
}
void plain_free(void* memory, const char*, int) { std::free(memory); }

// Before the library takes memory for the first time.
const bool is_counting = CRYPTO_set_mem_functions(counted_malloc, counted_realloc, plain_free) == 1;

std::span<const uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string digest_of(DigestKind kind, std::string_view text) {
    Digest digest(kind);
    for (const char c : text) digest.add({reinterpret_cast<const uint8_t*>(&c), 1});
    std::vector<uint8_t> bytes(digest_size(kind));
    digest.finish(bytes);
    std::string hex;
    dns::append_hex(bytes, hex);
    return hex;
}

// Around the ends of blocks, which are made here for one.
TEST(Sha1, IsThatOfTheLibraryForEachSize) {
    for (size_t size = 0; size <= 300; ++size) {
        std::string text(size, 'x');
        for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + size);
        std::array<uint8_t, kSha1Size> right{};
        ASSERT_EQ(EVP_Q_digest(nullptr, "SHA1", nullptr, text.data(), size, right.data(), nullptr),
                  1);
        for (const size_t first : {size_t{0}, size / 3, size}) {
            std::array<uint8_t, kSha1Size> digest{};
            const auto bytes = bytes_of(text);
            sha1(bytes.first(first), bytes.subspan(first), digest);
            EXPECT_EQ(digest, right) << size;
        }
    }
}

TEST(Sha1, IsThatOfBothPieces) {
    for (const auto& [a, b] : {std::pair("", "abc"), {"ab", "c"}, {"abc", ""}}) {
        std::array<uint8_t, kSha1Size> digest{};
        sha1(bytes_of(a), bytes_of(b), digest);
        std::string hex;
        dns::append_hex(digest, hex);
        EXPECT_EQ(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}

TEST(Sha1, TakesNoMemory) {
    ASSERT_TRUE(is_counting);
    const size_t before = allocation_count;
    std::array<uint8_t, kSha1Size> digest{};
    for (size_t i = 0; i < 1000; ++i) sha1(digest, bytes_of("abc"), digest);
    EXPECT_EQ(allocation_count, before);
    (void)digest_of(DigestKind::Sha512, "abc");
    EXPECT_GT(allocation_count, before);  // It is the library's memory that is counted.
}

// Reference: printf abc | sha256sum, sha384sum, sha512sum.
TEST(Digest, IsThatOfTheStandard) {
    EXPECT_EQ(digest_of(DigestKind::Sha256, "abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(digest_of(DigestKind::Sha384, "abc"),
              "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
              "8086072ba1e7cc2358baeca134c825a7");
    EXPECT_EQ(digest_of(DigestKind::Sha512, "abc"),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, BeginsAnewAfterEachEnd) {
    Digest digest(DigestKind::Sha384);
    std::vector<uint8_t> first(48);
    std::vector<uint8_t> second(48);
    digest.add(first);
    digest.finish(first);
    digest.start();
    digest.add(second);
    digest.finish(second);
    EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace nearcast::dnssec
