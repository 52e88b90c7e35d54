// SPDX-License-Identifier: Apache-2.0

#include "answer/denial.h"

#include <algorithm>

#include "dns/name.h"

namespace nearcast::answer {
namespace {

// Names in front of another that have no NSEC, at most, in a zone that was signed whole: empty
// non-terminals, one inside the other.
constexpr size_t kSkippedMax = dns::kLabelCountMax;

}  // namespace

zone::Node find_nsec(const zone::Image& zone, std::span<const uint8_t> name) {
    const auto order = zone.order();
    const auto is_after = [&](std::span<const uint8_t> wanted, zone::Ref ref) {
        return dns::canonical_order(wanted, zone.node(ref).owner()) < 0;
    };
    auto at = std::upper_bound(order.begin(), order.end(), name, is_after);
    for (size_t skipped = 0; at != order.begin() && skipped < kSkippedMax; ++skipped) {
        zone::Node node = zone.node(*--at);
        if (node.has(zone::kOccluded)) node = node.hidden_by();
        if (node.find(dns::RRType::NSEC)) return node;
    }
    return {};
}

dns::Name wildcard_below(const zone::Node& encloser) {
    dns::Name name;
    const bool has_room = name.append("*") && name.append(*dns::Name::from_wire(encloser.owner()));
    if (!has_room) name.clear();
    return name;
}

void ProofList::take(const zone::Image& zone, const zone::Node& nsec) {
    if (!nsec || !nsec.find(dns::RRType::NSEC) || count_ == kCountMax) return;
    const auto taken = proofs();
    if (std::ranges::find(taken, nsec, &Proof::nsec) != taken.end()) return;
    proofs_[count_++] = {nsec, zone.apex()};
}

}  // namespace nearcast::answer
