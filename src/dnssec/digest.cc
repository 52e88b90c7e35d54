// SPDX-License-Identifier: Apache-2.0

// EVP_DigestInit_ex2() of OpenSSL 3.0 takes memory for each digest: the functions below it do not.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "dnssec/digest.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/bytes.h"

namespace nearcast::dnssec {
namespace {

struct Kind {
    const char* name;  // As OpenSSL calls it.
    size_t size;
};

// What a block of SHA-1 has room for beside its end.
constexpr size_t kBlockMax = SHA_CBLOCK - 1 - sizeof(uint64_t);

constexpr std::array kKinds = {Kind{"SHA2-256", 32}, Kind{"SHA2-384", 48}, Kind{"SHA2-512", 64}};

const Kind& kind_of(DigestKind kind) { return kKinds[static_cast<size_t>(kind)]; }

// A failure here is no memory or a broken library: nothing may go on with a wrong digest.
void require(bool is_done) {
    if (!is_done) std::abort();
}

// A name and its salt nearly always fit one block, with the byte and the number of bits that end it
// (FIPS 180-4 §5.1.1): then the compression function alone is called.
void sha1_of_block(std::span<const uint8_t> a, std::span<const uint8_t> b,
                   std::span<uint8_t, kSha1Size> to) {
    std::array<uint8_t, SHA_CBLOCK> block;
    const auto begin = block.begin();
    const auto end = std::ranges::copy(b, std::ranges::copy(a, begin).out).out;
    *end = 0x80;
    std::fill(end + 1, block.end(), uint8_t{0});
    base::store_u16(block.data() + SHA_CBLOCK - sizeof(uint16_t),
                    static_cast<uint16_t>(8 * (a.size() + b.size())));
    SHA_CTX context;
    require(SHA1_Init(&context) == 1);
    SHA1_Transform(&context, block.data());
    size_t at = 0;
    for (const uint32_t word : {context.h0, context.h1, context.h2, context.h3, context.h4}) {
        base::store_u32(to.data() + at, word);
        at += sizeof word;
    }
}

}  // namespace

void sha1(std::span<const uint8_t> a, std::span<const uint8_t> b,
          std::span<uint8_t, kSha1Size> to) {
    static_assert(kSha1Size == SHA_DIGEST_LENGTH);
    if (a.size() + b.size() <= kBlockMax) return sha1_of_block(a, b, to);
    SHA_CTX context;
    require(SHA1_Init(&context) == 1 && SHA1_Update(&context, a.data(), a.size()) == 1 &&
            SHA1_Update(&context, b.data(), b.size()) == 1 && SHA1_Final(to.data(), &context) == 1);
}

size_t digest_size(DigestKind kind) { return kind_of(kind).size; }

void Digest::Deleter::operator()(evp_md_st* algorithm) const { EVP_MD_free(algorithm); }
void Digest::Deleter::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Digest::Digest(DigestKind kind)
    : algorithm_(EVP_MD_fetch(nullptr, kind_of(kind).name, nullptr)), context_(EVP_MD_CTX_new()) {
    require(algorithm_ != nullptr && context_ != nullptr);
    start();
}

void Digest::start() {
    require(EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1);
}

void Digest::add(std::span<const uint8_t> bytes) {
    require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

void Digest::finish(std::span<uint8_t> to) {
    assert(to.size() == static_cast<size_t>(EVP_MD_get_size(algorithm_.get())));
    unsigned size = 0;
    require(EVP_DigestFinal_ex(context_.get(), to.data(), &size) == 1);
}

}  // namespace nearcast::dnssec
