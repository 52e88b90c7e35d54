// SPDX-License-Identifier: Apache-2.0
//
// Which NSEC or NSEC3 records prove that something is not in a signed zone: RFC 4035 §3.1.3 with
// RFC 6840 §4, and RFC 5155 §7.2.
//
// They are collected while a question is answered, and added once the answer section is complete.
// In a zone without a chain nothing is collected.

#pragma once

#include <array>
#include <span>

#include "answer/lookup.h"
#include "zone/version.h"

namespace nearcast::answer {

// A set of nodes with NSEC or NSEC3 records, each taken once.
class ProofList {
 public:
    // What one question can need: a chain of wildcards needs one for each link, its end three more.
    static constexpr size_t kCountMax = 20;

    struct Proof {
        zone::Node node;
        zone::Node apex;  // Of the zone that it is from.
        dns::RRType type = dns::RRType::None;
    };

    void clear() { count_ = 0; }
    // Leaves out a node that is none or has no such records, one that is there already, one too
    // many.
    void take(const zone::Version& zone, const zone::Node& node, dns::RRType type);
    [[nodiscard]] std::span<const Proof> proofs() const { return {proofs_.data(), count_}; }

 private:
    std::array<Proof, kCountMax> proofs_;
    size_t count_ = 0;
};

// That `name`, which a wildcard below `encloser` stands for, does not exist itself.
void prove_no_closer(const zone::Version& zone, const zone::HashedName& name,
                     const zone::Node& encloser, ProofList& proofs);

// That what was asked is not there. `found` says what the zone has for `name` instead.
void prove_absence(const zone::Version& zone, const zone::HashedName& name, const Lookup& found,
                   ProofList& proofs);

// That the child at `cut`, which is `name` or above it, is not signed.
void prove_insecure(const zone::Version& zone, const zone::HashedName& name, const zone::Node& cut,
                    ProofList& proofs);

}  // namespace nearcast::answer
