// SPDX-License-Identifier: Apache-2.0
//
// Signatures over RRsets: what an RRSIG says, making one, checking one (RFC 4034 §3).

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dnssec/canonical_set.h"
#include "dnssec/dnskey.h"
#include "dnssec/private_key.h"

namespace nearcast::dnssec {

// When a signature is valid, in seconds since 1970 and the arithmetic of serials (RFC 4034 §3.1.5).
struct SignatureLife {
    uint32_t inception = 0;
    uint32_t expiration = 0;
};

// What the rdata of an RRSIG says. Signer and signature lie in that rdata.
struct Rrsig {
    dns::RRType covered = dns::RRType::None;
    uint8_t algorithm = 0;
    uint8_t labels = 0;
    uint32_t ttl = 0;
    SignatureLife life;
    uint16_t key_tag = 0;
    std::span<const uint8_t> signer;
    std::span<const uint8_t> signature;
};
[[nodiscard]] std::optional<Rrsig> read_rrsig(std::span<const uint8_t> rdata);

// A key of a zone: the private one with what its DNSKEY says. Copies share the key. Any thread.
class ZoneKey {
 public:
    ZoneKey(PrivateKey key, uint16_t flags)
        : key_(std::move(key)),
          dnskey_(dnskey_rdata(flags, key_.algorithm(), key_.public_key())),
          tag_(dnssec::key_tag(dnskey_)),
          flags_(flags) {}

    [[nodiscard]] const PrivateKey& private_key() const { return key_; }
    [[nodiscard]] Algorithm algorithm() const { return key_.algorithm(); }
    [[nodiscard]] std::span<const uint8_t> dnskey() const { return dnskey_; }
    [[nodiscard]] uint16_t key_tag() const { return tag_; }
    [[nodiscard]] uint16_t flags() const { return flags_; }

 private:
    PrivateKey key_;
    std::vector<uint8_t> dnskey_;
    uint16_t tag_;
    uint16_t flags_;
};

// Makes the signatures of one key for one zone. One thread.
class SetSigner {
 public:
    // `zone` is the apex.
    SetSigner(const ZoneKey& key, std::span<const uint8_t> zone);

    [[nodiscard]] uint16_t key_tag() const { return key_tag_; }
    [[nodiscard]] Algorithm algorithm() const { return algorithm_; }

    // Appends the rdata of an RRSIG over the finished set. False, and no change, when the key
    // refuses.
    [[nodiscard]] bool sign(const CanonicalSet& set, SignatureLife life,
                            std::vector<uint8_t>& rdata);

 private:
    KeySigner signer_;
    Algorithm algorithm_;
    uint16_t key_tag_;
    std::vector<uint8_t> zone_;  // In lower case.
    std::vector<uint8_t> data_;
};

// Whether the RRSIG is one over this set by the key in this DNSKEY of `zone`. Time is not looked
// at; nor is whether the key is one of the zone's.
[[nodiscard]] bool is_signature_good(const CanonicalSet& set, std::span<const uint8_t> rrsig_rdata,
                                     std::span<const uint8_t> dnskey_rdata);

}  // namespace nearcast::dnssec
