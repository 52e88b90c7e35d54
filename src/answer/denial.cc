// SPDX-License-Identifier: Apache-2.0

#include "answer/denial.h"

#include <algorithm>

#include "dns/name.h"
#include "dnssec/nsec3.h"

namespace nearcast::answer {
namespace {

using dns::RRType;
using zone::HashedName;
using zone::Node;
using zone::Nsec3Proof;
using zone::Version;

// Names in front of another that have no NSEC, at most, in a zone that was signed whole: empty
// non-terminals, one inside the other.
constexpr size_t kSkippedMax = dns::kLabelCountMax;

// The node whose NSEC matches `name`, or else covers it. The name is in the zone.
Node find_nsec(const Version& zone, std::span<const uint8_t> name) {
    const zone::NodeOrder names = zone.names();
    auto place = names.after(name);
    for (size_t skipped = 0; skipped < kSkippedMax; ++skipped) {
        Node node = names.previous(place);
        if (!node) break;
        if (node.has(zone::kOccluded)) node = zone.hidden_by(node);
        if (node.find(RRType::NSEC)) return node;
    }
    return {};
}

// The name of the wildcard below `encloser`; the encloser is not so long that there can be none.
dns::Name wildcard_below(const Node& encloser) {
    dns::Name name;
    const bool has_room = name.append("*") && name.append(*dns::Name::from_wire(encloser.owner()));
    if (!has_room) name.clear();
    return name;
}

bool has_nsec(const Version& zone) { return static_cast<bool>(zone.apex().find(RRType::NSEC)); }

// Proves with NSEC3 what `name` is, from the names above it.
class Nsec3Prover {
 public:
    Nsec3Prover(const Version& zone, const HashedName& name, ProofList& proofs)
        : zone_(zone), name_(name), proofs_(proofs) {}

    // That the suffix of the name which is one label longer than `encloser` does not exist. Returns
    // the closest encloser that can be proved: mostly `encloser` itself. If it is another, this
    // proves it as well.
    Node prove_next_closer(const Node& encloser);
    // That `encloser` exists, as far as prove_next_closer() has not shown it.
    void prove_encloser(const Node& encloser);
    // That `node`, which the name is or ends with, has no records of the type asked for.
    void prove_no_data(const Node& node);
    // That `encloser` has no wildcard.
    void prove_no_wildcard(const Node& encloser) { take(zone_.nsec3_of_wildcard(encloser)); }

 private:
    void take(const Nsec3Proof& proof) { proofs_.take(zone_, proof.node, RRType::NSEC3); }
    Node prove_from_above(Node node);
    [[nodiscard]] Node parent_of(const Node& node) const;

    const Version& zone_;
    const HashedName& name_;
    ProofList& proofs_;
};

Node Nsec3Prover::parent_of(const Node& node) const {
    const size_t label = name_.label_count() - node.label_count() + 1;
    return zone_.find(name_.hash(label), name_.suffix(label));
}

// For a name without NSEC3, which opt-out allows where all below it are unsigned delegations: from
// the closest encloser that has one, the name below that is covered (RFC 5155 §7.2.1, §7.2.4).
Node Nsec3Prover::prove_from_above(Node node) {
    while (!(node == zone_.apex())) {
        const Node parent = parent_of(node);
        if (!parent) break;  // An image that nobody compiled.
        const Nsec3Proof above = zone_.nsec3_of(parent);
        if (above.is_match) {
            take(above);
            take(zone_.nsec3_of(node));
            return parent;
        }
        node = parent;
    }
    return node;  // An apex without NSEC3: the chain is broken, and nothing can be proved.
}

Node Nsec3Prover::prove_next_closer(const Node& encloser) {
    if (!zone_.nsec3_of(encloser).is_match) return prove_from_above(encloser);
    const size_t label = name_.label_count() - encloser.label_count() - 1;
    take(zone_.nsec3_for(dnssec::nsec3_hash(zone_.nsec3_parameters(), name_.suffix(label))));
    return encloser;
}

void Nsec3Prover::prove_encloser(const Node& encloser) {
    const Nsec3Proof own = zone_.nsec3_of(encloser);
    if (own.is_match) take(own);
}

void Nsec3Prover::prove_no_data(const Node& node) {
    const Nsec3Proof own = zone_.nsec3_of(node);
    if (own.is_match) {
        take(own);
    } else {
        prove_from_above(node);
    }
}

void prove_absence_by_nsec(const Version& zone, const HashedName& name, const Lookup& found,
                           ProofList& proofs) {
    if (found.match == Match::Wildcard) {
        // That nothing is closer is proved already. It may be an empty non-terminal.
        proofs.take(zone, find_nsec(zone, found.node.owner()), RRType::NSEC);
        return;
    }
    // An empty non-terminal is seen from the NSEC in front of it.
    proofs.take(zone, find_nsec(zone, name.wire()), RRType::NSEC);
    if (found.match != Match::Nothing) return;
    proofs.take(zone, find_nsec(zone, wildcard_below(found.encloser).wire()), RRType::NSEC);
}

void prove_absence_by_nsec3(const Version& zone, const HashedName& name, const Lookup& found,
                            ProofList& proofs) {
    Nsec3Prover prover(zone, name, proofs);
    switch (found.match) {
        case Match::Nothing:
            prover.prove_encloser(found.encloser);
            prover.prove_no_wildcard(prover.prove_next_closer(found.encloser));
            break;
        case Match::Wildcard:  // That nothing is closer is proved already.
            prover.prove_encloser(found.encloser);
            proofs.take(zone, zone.nsec3_of(found.node).node, RRType::NSEC3);
            break;
        default:
            prover.prove_no_data(found.node);
            break;
    }
}

}  // namespace

void ProofList::take(const Version& zone, const Node& node, RRType type) {
    if (!node || !node.find(type) || count_ == kCountMax) return;
    const auto taken = proofs();
    if (std::ranges::find(taken, node, &Proof::node) != taken.end()) return;
    proofs_[count_++] = {node, zone.apex(), type};
}

void prove_no_closer(const Version& zone, const HashedName& name, const Node& encloser,
                     ProofList& proofs) {
    if (zone.has_nsec3()) {
        Nsec3Prover(zone, name, proofs).prove_next_closer(encloser);
    } else if (has_nsec(zone)) {
        proofs.take(zone, find_nsec(zone, name.wire()), RRType::NSEC);
    }
}

void prove_absence(const Version& zone, const HashedName& name, const Lookup& found,
                   ProofList& proofs) {
    if (zone.has_nsec3()) {
        prove_absence_by_nsec3(zone, name, found, proofs);
    } else if (has_nsec(zone)) {
        prove_absence_by_nsec(zone, name, found, proofs);
    }
}

void prove_insecure(const Version& zone, const HashedName& name, const Node& cut,
                    ProofList& proofs) {
    if (zone.has_nsec3()) {
        Nsec3Prover(zone, name, proofs).prove_no_data(cut);
    } else {
        proofs.take(zone, cut, RRType::NSEC);
    }
}

}  // namespace nearcast::answer
