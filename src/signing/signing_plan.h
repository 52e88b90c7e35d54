// SPDX-License-Identifier: Apache-2.0
//
// All that decides how a zone is signed at one moment: keys, apex records, denial, times, serial.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dnssec/digest.h"
#include "dnssec/nsec3.h"
#include "dnssec/rrsig.h"

namespace nearcast::signing {

// A key that signs, and what. Keys that are published and do not sign are in dnskeys alone.
struct KeyUse {
    dnssec::ZoneKey key;
    bool signs_keys = false;  // The sets DNSKEY, CDS and CDNSKEY (RFC 7344 §4.1).
    bool signs_zone = false;  // All others.
};

using Rdatas = std::vector<std::vector<uint8_t>>;

// How the zone proves that something is not there.
struct Denial {
    bool uses_nsec3 = false;
    // RFC 9276 §3.1 wants 0 iterations and no salt; opt-out saves links in large zones whose
    // delegations are mostly unsigned, and costs the proof that these exist (RFC 5155 §6).
    bool opts_out = false;
    uint16_t iterations = 0;
    std::vector<uint8_t> salt;

    bool operator==(const Denial&) const = default;
};

// Seconds. life - jitter > remaining_min, or signatures would be renewed as soon as they are made.
struct SignatureTimes {
    uint32_t now = 0;            // Since 1970, in the arithmetic of serials.
    uint32_t back = 3600;        // They are valid from so long ago, for clocks that are late.
    uint32_t life = 0;           // At most.
    uint32_t jitter = 0;         // So much shorter at random, so that not all end at once.
    uint32_t remaining_min = 0;  // With less left a signature is renewed.
};

// The times by which each signature outlives every copy of it: what is left of its life is always
// longer than a secondary cut off from us serves it (EXPIRE after its last REFRESH), and a resolver
// that asked it last keeps it (its TTL, as long as `ttl_max`). `soa_rdata` is the zone's.
struct SignaturePolicy {
    uint32_t renewal_interval = 7 * 86400;  // How long a signature stands before it is renewed.
    uint32_t jitter = 3 * 86400;
    uint32_t slack = 86400;  // For whoever renews them to be late.
    uint32_t back = 3600;

    bool operator==(const SignaturePolicy&) const = default;
};
[[nodiscard]] SignatureTimes times_for(const SignaturePolicy& policy,
                                       std::span<const uint8_t> soa_rdata, uint32_t ttl_max,
                                       uint32_t now);

struct SigningPlan {
    std::vector<KeyUse> keys;
    // The managed sets of the apex, as rdata; what the unsigned zone has of these types is dropped.
    Rdatas dnskeys;
    Rdatas cds;
    Rdatas cdnskeys;
    uint32_t dnskey_ttl = 3600;
    Denial denial;
    SignatureTimes times;
    uint32_t serial = 0;  // Of the signed zone.
    std::optional<dnssec::DigestKind> zonemd;
    unsigned thread_count = 1;
};

}  // namespace nearcast::signing
