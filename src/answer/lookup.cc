// SPDX-License-Identifier: Apache-2.0

#include "answer/lookup.h"

#include <algorithm>
#include <cassert>

namespace nearcast::answer {
namespace {

using zone::Node;

Lookup hidden_below(const Node& above) {
    return {above.has(zone::kDelegation) ? Match::Cut : Match::Dname, above, {}};
}

// The longest existing name above `name`. No name of the zone has more labels than the header
// says, so a question with a hundred labels costs no more than its zone is deep.
Node closest_encloser(const zone::Version& zone, const zone::HashedName& name) {
    const Node apex = zone.apex();
    assert(apex.label_count() < name.label_count());
    const size_t deepest = zone.label_count_max();
    const size_t apex_label = name.label_count() - apex.label_count();
    size_t label = name.label_count() > deepest ? name.label_count() - deepest : 1;
    for (label = std::max<size_t>(label, 1); label < apex_label; ++label) {
        const Node node = zone.find(name.hash(label), name.suffix(label));
        if (node) return node;
    }
    return apex;
}

}  // namespace

// What a delta does not have is as in its base.
Node fetch_likely(const zone::Version& zone, const zone::HashedName& name) {
    const Node likely = zone.prefetch_node(name.hash());
    if (!zone.has_delta()) return likely;
    const Node changed = zone.newest().find(name.hash(), name.wire());
    if (!changed) return zone.base().prefetch_node(name.hash());
    return changed.has(zone::kTombstone) ? Node() : changed;
}

Lookup look_up(const zone::Version& zone, const zone::HashedName& name, const Node& likely) {
    const bool is_likely = likely && likely.is_named(name.wire());
    const Node node = is_likely ? likely : zone.find(name.hash(), name.wire());
    if (node) {
        if (node.has(zone::kOccluded)) return hidden_below(zone.hidden_by(node));
        return {Match::Name, node, {}};
    }
    const Node encloser = closest_encloser(zone, name);
    if (encloser.has(zone::kOccluded)) return hidden_below(zone.hidden_by(encloser));
    // A DNAME at a cut has no effect: what lies below belongs to the child (RFC 6672 §5.2).
    if (encloser.has(zone::kDelegation)) return {Match::Cut, encloser, {}};
    if (encloser.has(zone::kDname)) return {Match::Dname, encloser, {}};
    const Node wildcard = zone.wildcard(encloser);
    if (wildcard) return {Match::Wildcard, wildcard, encloser};
    return {Match::Nothing, {}, encloser};
}

}  // namespace nearcast::answer
