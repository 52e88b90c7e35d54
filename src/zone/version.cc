// SPDX-License-Identifier: Apache-2.0

#include "zone/version.h"

#include <algorithm>
#include <cassert>

#include "zone/nsec3_links.h"

namespace nearcast::zone {

NodeOrder::Place NodeOrder::after(std::span<const uint8_t> name) const {
    const auto is_before = [this](std::span<const uint8_t> wanted, Ref ref) {
        return dns::canonical_order(wanted, Node(base_, ref).owner()) < 0;
    };
    const auto at = std::upper_bound(base_order_.begin(), base_order_.end(), name, is_before);
    return {static_cast<size_t>(at - base_order_.begin())};
}

Node NodeOrder::next(Place& place) const {
    if (place.base == base_order_.size()) return {};
    return {base_, base_order_[place.base++]};
}

Node NodeOrder::previous(Place& place) const {
    if (place.base == 0) return {};
    return {base_, base_order_[--place.base]};
}

Nsec3Proof Version::nsec3_of(const Node& node) const {
    assert(node.has(kPlaced));
    const Nsec3Link& link = base_.nsec3_links()[node.nsec3_places().own];
    return {base_.node(link.node), node.has(kProvable)};
}

Nsec3Proof Version::nsec3_of_wildcard(const Node& node) const {
    assert(node.has(kPlaced));
    const Nsec3Link& link = base_.nsec3_links()[node.nsec3_places().wildcard];
    return {base_.node(link.node), static_cast<bool>(node.wildcard())};
}

Nsec3Proof Version::nsec3_for(const dnssec::Nsec3Hash& hash) const {
    const auto links = base_.nsec3_links();
    const Nsec3Place place = find_nsec3_place(links, hash);
    return {base_.node(links[place.link].node), place.is_match};
}

}  // namespace nearcast::zone
