// SPDX-License-Identifier: Apache-2.0
//
// A version of a zone as readers see it: an image, or an image and what a delta changes in it.
//
// A delta is asked first; what it does not have is as in its base. What refers from one node to
// another (the target of a record, a wildcard, what hides a name) is asked of the Version and not
// read from a Node, for it may have been replaced. As cheap to copy as two pointers, immutable,
// read by any thread as long as it is held: between online() and quiescent(), or by a pin.

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
        size_t delta = 0;
    };

    // `keys` are those of all names in the order, or empty: with them after() is cheap.
    NodeOrder(const uint8_t* base, std::span<const Ref> base_order,
              std::span<const uint64_t> keys = {})
        : base_(base), base_order_(base_order), keys_(keys) {}
    // The same with what a delta changes of it.
    NodeOrder(const NodeOrder& base, const uint8_t* delta, std::span<const DeltaEntry> delta_order)
        : NodeOrder(base) {
        delta_ = delta;
        delta_order_ = delta_order;
    }

    // Behind the node called `name`, or where it would be. The name is the zone's apex or below it,
    // in any letter case.
    [[nodiscard]] Place after(std::span<const uint8_t> name) const;

    // Step over one node and give it; none at the end of the order.
    [[nodiscard]] Node next(Place& place) const;
    [[nodiscard]] Node previous(Place& place) const;

 private:
    [[nodiscard]] Node base_node(size_t number) const { return {base_, base_order_[number]}; }
    [[nodiscard]] std::span<const Ref> stretch_of(std::span<const uint8_t> name) const;
    [[nodiscard]] bool is_delta_next(const Place& place) const;
    [[nodiscard]] bool is_delta_previous(const Place& place) const;

    const uint8_t* base_;
    std::span<const Ref> base_order_;
    std::span<const uint64_t> keys_;
    const uint8_t* delta_ = nullptr;
    std::span<const DeltaEntry> delta_order_;
};

// A node whose NSEC3 record says something of a name.
struct Nsec3Proof {
    Node node;
    bool is_match = false;  // It is the name's own: else it covers the name, which so has none.
};

// Of two expiration times of signatures, each zero when there is none.
[[nodiscard]] inline uint32_t earlier_expiry(uint32_t a, uint32_t b) {
    if (a == 0 || b == 0) return a + b;
    return static_cast<int32_t>(b - a) < 0 ? b : a;
}

class Version {
 public:
    // The block of an image, or of a delta that knows where its base is (attach_base()). Both stay
    // where they are as long as the version is used.
    explicit Version(const uint8_t* block) : newest_(block), base_(base_of(block)) {}
    explicit Version(const Image& image) : Version(image.block()) {}

    [[nodiscard]] uint32_t serial() const { return newest_.header().serial; }
    // No name has more labels, the root not counted.
    [[nodiscard]] size_t label_count_max() const { return newest_.header().label_count_max; }
    [[nodiscard]] size_t record_count() const { return newest_.header().record_count; }
    [[nodiscard]] bool is_unavailable() const { return newest_.is_unavailable(); }
    // No signature expires before this, in the arithmetic of serials (RFC 4034 §3.1.5); zero when
    // there is none. Exact without a delta, which may have replaced the first of its base.
    [[nodiscard]] uint32_t signatures_expire() const {
        const uint32_t base = base_.header().signatures_expire;
        return has_delta() ? earlier_expiry(base, newest_.header().signatures_expire) : base;
    }

    // Each change has another SOA, so that the apex is in every delta.
    [[nodiscard]] Node apex() const { return newest_.apex(); }
    // As Image::find().
    [[nodiscard]] Node find(uint64_t hash, std::span<const uint8_t> lowered) const {
        const Node node = newest_.find(hash, lowered);
        if (!has_delta()) return node;
        if (node) return node.has(kTombstone) ? Node() : node;
        return base_.find(hash, lowered);
    }

    // The node whose name stands in a record of `rrset`, which is of `node`: where glue and
    // additional data come from. None when the zone has no such node, or none that may be told.
    [[nodiscard]] Node target(const Node& node, const RRset& rrset, const Link& link) const {
        if (has_delta()) return find_target(node, rrset, link);
        return link.node == 0 ? Node() : rrset.target(link);
    }
    // The node *.owner, if there is one; `node` is not occluded.
    [[nodiscard]] Node wildcard(const Node& node) const {
        return has_delta() ? linked_from(node) : node.wildcard();
    }
    // The cut or DNAME above a node that is occluded.
    [[nodiscard]] Node hidden_by(const Node& node) const {
        return has_delta() ? linked_from(node) : node.hidden_by();
    }

    [[nodiscard]] NodeOrder names() const;
    [[nodiscard]] NodeOrder nsec3_chain() const;

    // The NSEC3 chain that answers are proved with, if there is one: all but has_nsec3() is about
    // that chain.
    [[nodiscard]] bool has_nsec3() const { return base_.header().nsec3_link_count > 0; }
    [[nodiscard]] dnssec::Nsec3Parameters nsec3_parameters() const {
        return base_.nsec3_parameters();
    }
    // The link that matches the name of `node`, or else covers it; `node` is not occluded. None
    // where the image, which somebody else made, does not say it.
    [[nodiscard]] Nsec3Proof nsec3_of(const Node& node) const;
    // The link for the wildcard below `node`, which is no cut, has no DNAME and is not occluded.
    [[nodiscard]] Nsec3Proof nsec3_of_wildcard(const Node& node) const;
    // The link for any other name, by its hash.
    [[nodiscard]] Nsec3Proof nsec3_for(const dnssec::Nsec3Hash& hash) const;

    // The steps of find() that a batch takes apart, as those of Image. With a delta the node found
    // on the way tells nothing.
    void prefetch_bucket(uint64_t hash) const {
        newest_.prefetch_bucket(hash);
        if (has_delta()) base_.prefetch_bucket(hash);
    }
    Node prefetch_node(uint64_t hash) const {
        const Node likely = newest_.prefetch_node(hash);
        if (!has_delta()) return likely;
        base_.prefetch_node(hash);
        return {};
    }

    [[nodiscard]] bool has_delta() const { return newest_.block() != base_.block(); }
    // The delta, or the image where there is none.
    [[nodiscard]] const Image& newest() const { return newest_; }
    // The image that is complete in itself.
    [[nodiscard]] const Image& base() const { return base_; }

    // --- With a delta. ---

    // What is now in the place of a node of the base: that node, one of the delta, or none.
    [[nodiscard]] Node current(Ref base_node) const;
    // What a node's link leads to.
    [[nodiscard]] Node linked_from(const Node& node) const;

 private:
    [[nodiscard]] static const uint8_t* base_of(const uint8_t* block) {
        const ImageHeader& header = Image(block).header();
        if ((header.flags & kDelta) == 0) return block;
        return reinterpret_cast<const uint8_t*>(header.base_address);
    }
    [[nodiscard]] Nsec3Proof find_nsec3(const dnssec::Nsec3Hash& hash) const;
    [[nodiscard]] Nsec3Proof find_nsec3(const Node& node) const;
    [[nodiscard]] Nsec3Proof find_nsec3_of_wildcard(const Node& node) const;
    [[nodiscard]] bool is_link_as_it_was(uint32_t link) const;
    [[nodiscard]] Node find_target(const Node& node, const RRset& rrset, const Link& link) const;

    Image newest_;
    Image base_;
};

// Tells a delta where its base is, which is the image that it was made for and stays there.
void attach_base(ImageBlock& delta, const Image& base);

}  // namespace nearcast::zone
