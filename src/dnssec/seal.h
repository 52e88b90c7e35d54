// SPDX-License-Identifier: Apache-2.0
//
// Private keys at rest: sealed with AES-256-GCM under the key in the operator's key file.
//
// The bytes of a sealed text, in order:
//   4   "ncs1", the form
//   8   the mark of the key file's key: the beginning of SHA-256 over "nearcast key file" and it
//   12  the nonce, at random
//   n   the cipher text, as long as the text
//   16  the tag
// The form, the mark, and a label that the caller gives are authenticated with it: a sealed key
// opens for the zone and the key it was made for alone, so that whoever can write the database
// cannot make one zone sign with the key of another. The mark tells a wrong key file from a damaged
// text; it is no secret, for the key has 256 random bits.
//
// Nonces are at random and not counted, for several controllers write to one database: after 2^32
// texts under one key, two have the same nonce with a chance below 2^-32 (NIST SP 800-38D §8.3),
// and a controller of a million zones makes some ten million a year.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nearcast::dnssec {

class SealingKey {
 public:
    static constexpr size_t kSize = 32;

    [[nodiscard]] static SealingKey generate();
    // What a key file holds: 64 hex digits, white space around them.
    [[nodiscard]] static base::Result<SealingKey> from_text(std::string_view text);
    [[nodiscard]] std::string to_text() const;

    SealingKey(const SealingKey&) = default;
    SealingKey& operator=(const SealingKey&) = default;
    // Wipes it.
    ~SealingKey();

    // The form and the mark: what all that is sealed under this key begins with.
    static constexpr size_t kHeadSize = 12;
    [[nodiscard]] std::vector<uint8_t> head() const;

    [[nodiscard]] std::vector<uint8_t> seal(std::string_view label, std::string_view text) const;
    // Fails when it was sealed under another key or label, or was changed since.
    [[nodiscard]] base::Result<std::string> open(std::string_view label,
                                                 std::span<const uint8_t> sealed) const;

 private:
    SealingKey() = default;

    std::array<uint8_t, kSize> key_{};
};

// Overwrites what was secret.
void wipe(std::string& text);

}  // namespace nearcast::dnssec
