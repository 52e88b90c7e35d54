// SPDX-License-Identifier: Apache-2.0

#include "zone/version.h"

#include <algorithm>
#include <cassert>

#include "zone/name_key.h"
#include "zone/nsec3_links.h"
#include "zone/rrset_name.h"

namespace nearcast::zone {
namespace {

// The entry for a node of the base; null when it is as it was.
const DeltaEntry* entry_for(std::span<const DeltaEntry> entries, Ref base_node) {
    // New nodes that come in front of it have the same number, and stand in front of it here too.
    const auto behind = std::ranges::upper_bound(entries, base_node, {}, &DeltaEntry::base);
    if (behind == entries.begin()) return nullptr;
    const DeltaEntry& entry = *(behind - 1);
    return entry.base == base_node && (entry.flags & kReplaces) != 0 ? &entry : nullptr;
}

}  // namespace

// The part of the base's order that has to be looked through for a name of the zone: what is in
// front of it comes before the name.
std::span<const Ref> NodeOrder::stretch_of(std::span<const uint8_t> name) const {
    if (keys_.empty()) return base_order_;
    const uint64_t key = name_key(name, Node(base_, kApexRef).owner().size());
    const auto first = std::ranges::lower_bound(keys_, key);
    auto last = first;
    if (last != keys_.end() && *last == key)
        last = std::ranges::upper_bound(last, keys_.end(), key);
    return {base_order_.begin() + (first - keys_.begin()), static_cast<size_t>(last - first)};
}

NodeOrder::Place NodeOrder::after(std::span<const uint8_t> name) const {
    const auto is_before = [name](const Node& node) {
        return dns::canonical_order(node.owner(), name) <= 0;
    };
    const auto stretch = stretch_of(name);
    const auto base =
        std::ranges::partition_point(stretch, [&](Ref ref) { return is_before({base_, ref}); });
    const auto delta = std::ranges::partition_point(
        delta_order_, [&](const DeltaEntry& entry) { return is_before({delta_, entry.node}); });
    const auto in_front = static_cast<size_t>(stretch.data() - base_order_.data());
    return {in_front + static_cast<size_t>(base - stretch.begin()),
            static_cast<size_t>(delta - delta_order_.begin())};
}

bool NodeOrder::is_delta_next(const Place& place) const {
    return place.delta < delta_order_.size() && delta_order_[place.delta].base_number <= place.base;
}

Node NodeOrder::next(Place& place) const {
    while (is_delta_next(place)) {
        const DeltaEntry& entry = delta_order_[place.delta++];
        if ((entry.flags & kReplaces) != 0) ++place.base;
        if ((entry.flags & kGone) == 0) return {delta_, entry.node};
    }
    return place.base == base_order_.size() ? Node() : base_node(place.base++);
}

bool NodeOrder::is_delta_previous(const Place& place) const {
    if (place.delta == 0) return false;
    const DeltaEntry& entry = delta_order_[place.delta - 1];
    return entry.base_number + ((entry.flags & kReplaces) != 0 ? 1 : 0) >= place.base;
}

Node NodeOrder::previous(Place& place) const {
    while (is_delta_previous(place)) {
        const DeltaEntry& entry = delta_order_[place.delta - 1];
        if ((entry.flags & kGone) != 0) {
            place.base -= entry.run;
            place.delta -= entry.run;
            continue;
        }
        if ((entry.flags & kReplaces) != 0) --place.base;
        --place.delta;
        return {delta_, entry.node};
    }
    return place.base == 0 ? Node() : base_node(--place.base);
}

NodeOrder Version::names() const {
    const NodeOrder names(base_.block(), base_.order(), base_.name_keys());
    return has_delta() ? NodeOrder(names, newest_.block(), newest_.delta_order()) : names;
}

NodeOrder Version::nsec3_chain() const {
    const NodeOrder chain(base_.block(), base_.nsec3_order());
    return has_delta() ? NodeOrder(chain, newest_.block(), newest_.delta_nsec3_order()) : chain;
}

Node Version::current(Ref base_node) const {
    const DeltaEntry* entry = entry_for(newest_.delta_order(), base_node);
    if (entry == nullptr) entry = entry_for(newest_.delta_nsec3_order(), base_node);
    if (entry == nullptr) return base_.node(base_node);
    return (entry->flags & kGone) != 0 ? Node() : newest_.node(entry->node);
}

Node Version::linked_from(const Node& node) const {
    const Ref link = node.link();
    if (link == 0) return {};
    if (node.block() == base_.block()) return current(link);
    return (link & kInBase) != 0 ? current(link & ~kInBase) : newest_.node(link);
}

Node Version::find_target(const Node& node, const RRset& rrset, const Link& link) const {
    Node found;
    if ((link.flags & kToOwner) != 0) {
        found = node;
    } else if (link.node != 0) {
        found = current(link.node);
    } else {
        NameBytes bytes;
        const HashedName name(read_body_name(rrset, node.owner(), link.name_at, bytes));
        found = find(name.hash(), name.wire());
    }
    return found && may_be_told(rrset.type(), found.header().flags) ? found : Node();
}

Nsec3Proof Version::nsec3_of(const Node& node) const {
    if (has_delta()) return find_nsec3(node);
    if (!node.has(kPlaced)) return {};
    const Nsec3Link& link = base_.nsec3_links()[node.nsec3_places().own];
    return {base_.node(link.node), node.has(kProvable)};
}

Nsec3Proof Version::nsec3_of_wildcard(const Node& node) const {
    if (has_delta()) return find_nsec3_of_wildcard(node);
    if (!node.has(kPlaced)) return {};
    const Nsec3Link& link = base_.nsec3_links()[node.nsec3_places().wildcard];
    return {base_.node(link.node), static_cast<bool>(node.wildcard())};
}

Nsec3Proof Version::nsec3_for(const dnssec::Nsec3Hash& hash) const {
    const auto links = base_.nsec3_links();
    if (has_delta()) return find_nsec3(hash);
    const Nsec3Place place = find_nsec3_place(links, hash);
    return {base_.node(links[place.link].node), place.is_match};
}

// The base's links are its NSEC3 nodes, one for one (DeltaPlan sees to it), and names that are
// hashes have the order of the hashes.
Nsec3Proof Version::find_nsec3(const dnssec::Nsec3Hash& hash) const {
    const auto is_up_to = [&](const DeltaEntry& entry) {
        return dnssec::read_owner_hash(newest_.node(entry.node).owner()) <= hash;
    };
    const auto entries = newest_.delta_nsec3_order();
    NodeOrder::Place place{.base = count_up_to(base_.nsec3_links(), hash),
                           .delta = static_cast<size_t>(
                               std::ranges::partition_point(entries, is_up_to) - entries.begin())};
    const NodeOrder chain = nsec3_chain();
    const Node before = chain.previous(place);
    if (before) return {before, dnssec::read_owner_hash(before.owner()) == hash};
    place = {.base = base_.nsec3_links().size(), .delta = entries.size()};
    return {chain.previous(place), false};  // The last link covers what is in front of the first.
}

// Whether a link of the base, and the one behind it, are as they were, with none new between them.
bool Version::is_link_as_it_was(uint32_t link) const {
    const auto entries = newest_.delta_nsec3_order();
    const auto at = std::ranges::lower_bound(entries, link, {}, &DeltaEntry::base_number);
    if (at != entries.end() && at->base_number <= link + 1) return false;
    const bool is_last = link + 1 == base_.nsec3_links().size();
    return !is_last || entries.empty() || entries.front().base_number != 0;
}

Nsec3Proof Version::find_nsec3(const Node& node) const {
    if (node.has(kPlaced) && is_link_as_it_was(node.nsec3_places().own)) {
        const Nsec3Link& link = base_.nsec3_links()[node.nsec3_places().own];
        return {base_.node(link.node), node.has(kProvable)};
    }
    return find_nsec3(dnssec::nsec3_hash(nsec3_parameters(), HashedName(node.owner()).wire()));
}

Nsec3Proof Version::find_nsec3_of_wildcard(const Node& node) const {
    const bool has_wildcard = static_cast<bool>(wildcard(node));
    if (node.has(kPlaced) && is_link_as_it_was(node.nsec3_places().wildcard)) {
        const Nsec3Link& link = base_.nsec3_links()[node.nsec3_places().wildcard];
        return {base_.node(link.node), has_wildcard};
    }
    constexpr size_t kLabelSize = 2;
    const auto owner = node.owner();
    NameBytes name{1, '*'};
    if (owner.size() + kLabelSize > name.size()) return find_nsec3(node);
    dns::lower_copy(owner, name.data() + kLabelSize);
    const auto wire = std::span(name).first(owner.size() + kLabelSize);
    return {find_nsec3(dnssec::nsec3_hash(nsec3_parameters(), wire)).node, has_wildcard};
}

void attach_base(ImageBlock& delta, const Image& base) {
    auto& header = *reinterpret_cast<ImageHeader*>(delta.bytes().data());
    assert(header.base_checksum == base.header().checksum && !base.is_delta());
    header.base_address = reinterpret_cast<uint64_t>(base.block());
}

}  // namespace nearcast::zone
