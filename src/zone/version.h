// SPDX-License-Identifier: Apache-2.0
//
// A version of a zone as readers see it, wherever its parts lie.
//
// What refers from one node to another (the target of a record, a wildcard, what hides a name) is
// asked of the Version and not read from a Node. As cheap to copy as two pointers, immutable, read
// by any thread as long as it is held: between online() and quiescent(), or by a pin.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "zone/image.h"

namespace nearcast::zone {

// The nodes of a version one behind the other: its names in canonical order, or its NSEC3 chain in
// the order of the hashes.
class NodeOrder {
 public:
    // Between two nodes, or at an end. The default one is in front of the first.
    struct Place {
        size_t base = 0;
    };

    NodeOrder(const uint8_t* base, std::span<const Ref> base_order)
        : base_(base), base_order_(base_order) {}

    // Behind the node called `name`, or where it would be. Any letter case.
    [[nodiscard]] Place after(std::span<const uint8_t> name) const;

    // Step over one node and give it; none at the end of the order.
    [[nodiscard]] Node next(Place& place) const;
    [[nodiscard]] Node previous(Place& place) const;

 private:
    const uint8_t* base_;
    std::span<const Ref> base_order_;
};

// A node whose NSEC3 record says something of a name.
struct Nsec3Proof {
    Node node;
    bool is_match = false;  // It is the name's own: else it covers the name, which so has none.
};

class Version {
 public:
    // The block of an image; it stays where it is as long as the version is used.
    explicit Version(const uint8_t* block) : base_(block) {}
    explicit Version(const Image& image) : Version(image.block()) {}

    [[nodiscard]] uint32_t serial() const { return base_.header().serial; }
    // No name has more labels, the root not counted.
    [[nodiscard]] size_t label_count_max() const { return base_.header().label_count_max; }
    [[nodiscard]] size_t record_count() const { return base_.header().record_count; }
    [[nodiscard]] bool is_unavailable() const { return base_.is_unavailable(); }

    [[nodiscard]] Node apex() const { return base_.apex(); }
    // As Image::find().
    [[nodiscard]] Node find(uint64_t hash, std::span<const uint8_t> lowered) const {
        return base_.find(hash, lowered);
    }

    // The node whose name stands in a record of `rrset`, which is of `node`: where glue and
    // additional data come from. None when the zone has no such node, or none that may be told.
    [[nodiscard]] Node target(const Node& /*node*/, const RRset& rrset, const Link& link) const {
        return link.node == 0 ? Node() : rrset.target(link);
    }
    // The node *.owner, if there is one; `node` is not occluded.
    [[nodiscard]] Node wildcard(const Node& node) const { return node.wildcard(); }
    // The cut or DNAME above a node that is occluded.
    [[nodiscard]] Node hidden_by(const Node& node) const { return node.hidden_by(); }

    [[nodiscard]] NodeOrder names() const { return {base_.block(), base_.order()}; }
    [[nodiscard]] NodeOrder nsec3_chain() const { return {base_.block(), base_.nsec3_order()}; }

    // The NSEC3 chain that answers are proved with, if there is one: all but has_nsec3() is about
    // that chain.
    [[nodiscard]] bool has_nsec3() const { return base_.header().nsec3_link_count > 0; }
    [[nodiscard]] dnssec::Nsec3Parameters nsec3_parameters() const {
        return base_.nsec3_parameters();
    }
    // The link that matches the name of `node`, or else covers it; `node` is not occluded.
    [[nodiscard]] Nsec3Proof nsec3_of(const Node& node) const;
    // The link for the wildcard below `node`, which is no cut, has no DNAME and is not occluded.
    [[nodiscard]] Nsec3Proof nsec3_of_wildcard(const Node& node) const;
    // The link for any other name, by its hash.
    [[nodiscard]] Nsec3Proof nsec3_for(const dnssec::Nsec3Hash& hash) const;

    // The steps of find() that a batch takes apart, as those of Image.
    void prefetch_bucket(uint64_t hash) const { base_.prefetch_bucket(hash); }
    void prefetch_node(uint64_t hash) const { base_.prefetch_node(hash); }

    // The image that is complete in itself.
    [[nodiscard]] const Image& base() const { return base_; }

 private:
    Image base_;
};

}  // namespace nearcast::zone
