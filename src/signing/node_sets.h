// SPDX-License-Identifier: Apache-2.0
//
// The sets of a name with their data in memory of their own, and what the chain of denial says of
// them.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "signing/plan_signer.h"
#include "zone/version.h"

namespace nearcast::signing {

struct OwnedSet {
    dns::RRType type = dns::RRType::None;
    uint32_t ttl = 0;
    Rdatas records;
    Rdatas signatures;
};
// By ascending type.
using OwnedSets = std::vector<OwnedSet>;

// All sets of the node, which may be none. Signatures over what is not there are a set, as in it.
[[nodiscard]] OwnedSets read_sets(const zone::Node& node);
[[nodiscard]] const OwnedSet* find_set(const OwnedSets& sets, dns::RRType type);

// What a name is in the zone.
struct Standing {
    bool is_apex = false;
    bool is_cut = false;       // Delegated: of its sets DS alone is the zone's to sign.
    bool is_occluded = false;  // Below a cut or a DNAME: none of it is signed or denied.

    [[nodiscard]] bool signs(dns::RRType type) const {
        return !is_occluded && (!is_cut || type == dns::RRType::DS) && type != dns::RRType::RRSIG;
    }
};
[[nodiscard]] Standing standing_of(const zone::Node& node, std::span<const uint8_t> apex);

// The sets of the apex as they will be signed: those of the unsigned zone with the serial of the
// plan, and those that the plan makes, but for the digest and the chain of denial.
[[nodiscard]] OwnedSets apex_sets(const OwnedSets& unsigned_sets, const SigningPlan& plan);

// The TTL of the chain of denial: what resolvers keep denials for (RFC 9077 §3).
[[nodiscard]] uint32_t denial_ttl(const OwnedSets& apex);

// Appends what stands behind the next name or hash in the name's link: the types that are there.
// An empty non-terminal has no sets.
void append_link_types(const OwnedSets& sets, const Standing& standing, const Denial& denial,
                       std::vector<uint8_t>& rdata);
// Whether a name that has records has a link: opt-out leaves out delegations without DS.
[[nodiscard]] bool is_linked(bool has_ds, const Standing& standing, const Denial& denial);

// The rdata of an NSEC3 up to the next hash (RFC 5155 §3.2), and of the NSEC3PARAM.
[[nodiscard]] std::vector<uint8_t> nsec3_head(const Denial& denial);
[[nodiscard]] std::vector<uint8_t> nsec3param_rdata(const Denial& denial);
[[nodiscard]] dnssec::Nsec3Parameters parameters_of(const Denial& denial);

// Whether the hashes of a zone of that name are names: they are 33 octets longer than it.
[[nodiscard]] base::Result<void> check_denial(const Denial& denial, std::span<const uint8_t> apex);

// The owner of the NSEC3 with this hash.
[[nodiscard]] std::vector<uint8_t> nsec3_owner(const dnssec::Nsec3Hash& hash,
                                               std::span<const uint8_t> apex);

}  // namespace nearcast::signing
