// SPDX-License-Identifier: Apache-2.0
//
// Keyed hashes (RFC 2104): the one place that names OpenSSL.
//
// An Hmac fetches the algorithm once and keeps a context for each hash, so that a message costs no
// look-up and no allocation. One for each thread, or for each row of messages.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace nearcast::transfer {

enum class Hash : uint8_t { Md5, Sha1, Sha224, Sha256, Sha384, Sha512 };
constexpr size_t kHashCount = 6;
constexpr size_t kMacSizeMax = 64;  // Of SHA-512.

// How many bytes the hash gives.
[[nodiscard]] size_t hash_size(Hash hash);

// MD5 and SHA-1 are broken as hashes. HMAC still holds with them as far as is known, but nobody
// should begin with them (RFC 8945 §6).
[[nodiscard]] constexpr bool is_weak(Hash hash) { return hash == Hash::Md5 || hash == Hash::Sha1; }

struct Mac {
    std::array<uint8_t, kMacSizeMax> bytes{};
    uint8_t size = 0;  // Zero: none.

    [[nodiscard]] std::span<const uint8_t> view() const { return {bytes.data(), size}; }
};

class Hmac {
 public:
    Hmac();
    Hmac(Hmac&&) noexcept;
    Hmac& operator=(Hmac&&) noexcept;
    ~Hmac();

    // Whether the library has this hash: a hardened one may lack MD5.
    [[nodiscard]] bool supports(Hash hash) const;

    // Begins a MAC, dropping one under way. The hash must be supported, the key not empty.
    void start(Hash hash, std::span<const uint8_t> key);
    void add(std::span<const uint8_t> bytes);
    [[nodiscard]] Mac finish();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

// Compares in a time that tells nothing of where two MACs differ.
[[nodiscard]] bool is_same_mac(std::span<const uint8_t> a, std::span<const uint8_t> b);

}  // namespace nearcast::transfer
