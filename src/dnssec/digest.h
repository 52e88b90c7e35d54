// SPDX-License-Identifier: Apache-2.0
//
// Digests: SHA-1 for NSEC3, SHA-2 for ZONEMD, DS and what is signed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct evp_md_st;
struct evp_md_ctx_st;

namespace nearcast::dnssec {

constexpr size_t kSha1Size = 20;

// Of `a` followed by `b`. On the path of a query: takes no memory. Any thread.
void sha1(std::span<const uint8_t> a, std::span<const uint8_t> b, std::span<uint8_t, kSha1Size> to);

enum class DigestKind : uint8_t { Sha256, Sha384, Sha512 };

// How many bytes the digest has.
[[nodiscard]] size_t digest_size(DigestKind kind);
constexpr size_t kDigestSizeMax = 64;  // Of SHA-512.

// Of many pieces. One for each thread; fetches its algorithm when it is made.
class Digest {
 public:
    explicit Digest(DigestKind kind);

    // Begins a digest, dropping one under way.
    void start();
    void add(std::span<const uint8_t> bytes);
    // Writes digest_size() bytes to `to`.
    void finish(std::span<uint8_t> to);

 private:
    struct Deleter {
        void operator()(evp_md_st* algorithm) const;
        void operator()(evp_md_ctx_st* context) const;
    };

    std::unique_ptr<evp_md_st, Deleter> algorithm_;
    std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

}  // namespace nearcast::dnssec
