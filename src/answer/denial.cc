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

zone::Node find_nsec(const zone::Version& zone, std::span<const uint8_t> name) {
    const zone::NodeOrder names = zone.names();
    auto place = names.after(name);
    for (size_t skipped = 0; skipped < kSkippedMax; ++skipped) {
        zone::Node node = names.previous(place);
        if (!node) break;
        if (node.has(zone::kOccluded)) node = zone.hidden_by(node);
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

void ProofList::take(const zone::Version& zone, const zone::Node& nsec) {
    if (!nsec || !nsec.find(dns::RRType::NSEC) || count_ == kCountMax) return;
    const auto taken = proofs();
    if (std::ranges::find(taken, nsec, &Proof::nsec) != taken.end()) return;
    proofs_[count_++] = {nsec, zone.apex()};
}

}  // namespace nearcast::answer
