// SPDX-License-Identifier: Apache-2.0
//
// The public side of a key: its DNSKEY, its tag, and the DS, CDS and CDNSKEY that speak of it.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dnssec/algorithm.h"

namespace nearcast::dnssec {

constexpr uint16_t kZoneKeyFlag = 0x0100;  // RFC 4034 §2.1.1; without it a key signs no zone.
constexpr uint16_t kSepFlag = 0x0001;      // A secure entry point, what a DS is made of.
constexpr uint8_t kDnskeyProtocol = 3;     // RFC 4034 §2.1.2: always.

// What the rdata of a DNSKEY says. The key lies in that rdata.
struct Dnskey {
    uint16_t flags = 0;
    uint8_t protocol = 0;
    uint8_t algorithm = 0;
    std::span<const uint8_t> public_key;
};

[[nodiscard]] std::optional<Dnskey> read_dnskey(std::span<const uint8_t> rdata);
[[nodiscard]] std::vector<uint8_t> dnskey_rdata(uint16_t flags, Algorithm algorithm,
                                                std::span<const uint8_t> public_key);

// RFC 4034, appendix B; for every algorithm but the first one, which is not to be used any more.
[[nodiscard]] uint16_t key_tag(std::span<const uint8_t> dnskey_rdata);

enum class DsDigest : uint8_t { Sha256 = 2, Sha384 = 4 };  // RFC 4509, RFC 6605.

// The rdata of a DS, and of a CDS, which is the same. `owner` is the zone's apex, in any case.
[[nodiscard]] std::vector<uint8_t> ds_rdata(std::span<const uint8_t> owner,
                                            std::span<const uint8_t> dnskey_rdata, DsDigest digest);

// Whether a DS is of that key. A digest by SHA-1 is known too: none is made, but parents have some.
[[nodiscard]] bool is_ds_of(std::span<const uint8_t> ds_rdata, std::span<const uint8_t> owner,
                            std::span<const uint8_t> dnskey_rdata);

// Asks the parent to remove all DS records (RFC 8078 §4).
[[nodiscard]] std::vector<uint8_t> cds_delete_rdata();
[[nodiscard]] std::vector<uint8_t> cdnskey_delete_rdata();

}  // namespace nearcast::dnssec
