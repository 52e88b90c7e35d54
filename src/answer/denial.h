// SPDX-License-Identifier: Apache-2.0
//
// Which NSEC records prove that something is not in a signed zone (RFC 4035 §3.1.3, RFC 6840 §4).
//
// Collected while a question is answered, and added once the answer section is complete.

#pragma once

#include <array>
#include <span>

#include "zone/version.h"

namespace nearcast::answer {

// The node whose NSEC matches `name`, or else covers it; none in a zone without NSEC. The name is
// in the zone.
[[nodiscard]] zone::Node find_nsec(const zone::Version& zone, std::span<const uint8_t> name);

// The name of the wildcard below `encloser`; the encloser is not so long that there can be none.
[[nodiscard]] dns::Name wildcard_below(const zone::Node& encloser);

// A set of nodes with NSEC records, each taken once.
class ProofList {
 public:
    // What one question can need: a chain of wildcards needs one for each link, its end two more.
    static constexpr size_t kCountMax = 20;

    struct Proof {
        zone::Node nsec;
        zone::Node apex;  // Of the zone that it is from.
    };

    void clear() { count_ = 0; }
    // Leaves out a node that is none or has no NSEC, one that is there already, one too many.
    void take(const zone::Version& zone, const zone::Node& nsec);
    [[nodiscard]] std::span<const Proof> proofs() const { return {proofs_.data(), count_}; }

 private:
    std::array<Proof, kCountMax> proofs_;
    size_t count_ = 0;
};

}  // namespace nearcast::answer
