// SPDX-License-Identifier: Apache-2.0

#include "zone/image_verifier.h"

#include <algorithm>
#include <functional>

#include "base/bytes.h"
#include "dns/rdata.h"
#include "zone/image_records.h"
#include "zone/round_up.h"

namespace nearcast::zone {
namespace {

using dns::RRType;

// Whether the records of a body or of signatures follow each other up to the end, so many of them.
bool is_sequence(std::span<const uint8_t> bytes, size_t count) {
    size_t at = 0;
    for (; count > 0; --count) {
        if (bytes.size() - at < kRecordFixedSize) return false;
        const size_t size = base::load_u16(bytes.data() + at + kRdataSizeAt);
        if (bytes.size() - at - kRecordFixedSize < size) return false;
        at += kRecordFixedSize + size;
    }
    return at == bytes.size();
}

bool is_suffix_size(std::span<const uint8_t> owner, size_t size) {
    while (owner.size() > size) owner = owner.subspan(owner[0] + size_t{1});
    return owner.size() == size && size > 0;
}

// Whether the name at `at` in the body ends, within the body and the largest name, by pointers that
// go backwards.
bool is_name(const RRset& rrset, size_t at) {
    const auto body = rrset.body();
    const auto fixups = rrset.fixups();
    size_t size = 0;
    for (size_t limit = body.size(); at < limit && size < dns::kNameSizeMax;) {
        const size_t length = body[at];
        if (length >= kPointerByte) {
            const auto fixup = std::ranges::lower_bound(fixups, at, {}, &Fixup::at);
            if (fixup == fixups.end() || fixup->at != at) return false;
            if (!fixup->is_in_body()) return size + fixup->target <= dns::kNameSizeMax;
            if (fixup->place() >= at) return false;
            limit = at;
            at = fixup->place();
            continue;
        }
        if (length > dns::kLabelSizeMax) return false;
        size += length + 1;
        at += length + 1;
        if (length == 0) return size <= dns::kNameSizeMax;
    }
    return false;
}

bool are_sound_fixups(const RRset& rrset, std::span<const uint8_t> owner) {
    const auto body = rrset.body();
    size_t end = 0;  // Of the pointer before.
    for (const Fixup& fixup : rrset.fixups()) {
        if (fixup.at < end || body.size() - end < 2 || fixup.at > body.size() - 2) return false;
        end = fixup.at + size_t{2};
        if (body[fixup.at] < kPointerByte) return false;
        if (!fixup.is_in_body() && !is_suffix_size(owner, fixup.target)) return false;
        if (!is_name(rrset, fixup.at)) return false;
    }
    return true;
}

}  // namespace

bool ImageVerifier::is_node(Ref ref) const { return std::ranges::binary_search(nodes_, ref); }

// What an answer takes from a node without a look whether it is there. Its RRsets, and those of the
// node that hides it, are sound.
bool ImageVerifier::has_what_flags_say(const Node& node) const {
    if (node.has(kDelegation) && !node.find(RRType::NS)) return false;
    if (node.has(kDname) && !node.find(RRType::DNAME)) return false;
    if (!node.has(kOccluded)) return true;
    if (node.link() == 0 || node == image_.apex()) return false;
    const Node above = node.hidden_by();
    return above.has(kDelegation) || above.has(kDname);
}

// Nodes lie in the block as they stand in the two orders, the apex first.
bool ImageVerifier::collect_nodes() {
    const auto names = image_.order();
    const auto chain = image_.nsec3_order();
    nodes_.assign(names.begin(), names.end());
    nodes_.insert(nodes_.end(), chain.begin(), chain.end());
    return !names.empty() && names.front() == kApexRef &&
           std::ranges::adjacent_find(nodes_, std::greater_equal{}) == nodes_.end();
}

bool ImageVerifier::is_sound_node(Ref ref) const {
    const size_t at = size_t{ref} * kRefUnit;
    if (!is_inside(at, sizeof(NodeHeader))) return false;
    const Node node = image_.node(ref);
    const NodeHeader& header = node.header();
    const size_t name_at = at + sizeof(NodeHeader);
    if (!is_inside(name_at, header.owner_size + kImageTail)) return false;
    const size_t owner_size = dns::name_size(node.owner());
    if (owner_size == 0 || owner_size != header.owner_size) return false;
    const HashedName name(node.owner());
    const HashedName apex(image_.apex().owner());
    if (name.label_count() != header.label_count || name.label_count() < apex.label_count() ||
        name.label_count() > image_.header().label_count_max || node.has(kTombstone)) {
        return false;
    }
    const size_t entries_at = name_at + round_up(header.owner_size, kRefUnit);
    const size_t entries_size = header.rrset_count * sizeof(RRsetEntry);
    if (!is_inside(entries_at, entries_size + sizeof(Ref) + sizeof(Nsec3Places))) return false;
    if (node.has(kPlaced)) {
        const size_t count = image_.header().nsec3_link_count;
        const Nsec3Places& places = node.nsec3_places();
        if (places.own >= count || places.wildcard >= count) return false;
    }
    if (node.link() != 0 && !is_node(node.link())) return false;
    return std::ranges::all_of(node.rrsets(),
                               [&](const RRsetEntry& entry) { return is_sound_set(node, entry); });
}

bool ImageVerifier::is_sound_set(const Node& node, const RRsetEntry& entry) const {
    const size_t at = size_t{entry.rrset} * kRefUnit;
    if (!is_inside(at, sizeof(RRsetHeader) + sizeof(RRsetParts))) return false;
    const RRset rrset = node.rrset(entry);
    const RRsetParts& parts = rrset.parts();
    const size_t records_size = size_t{rrset.header().body_size} + parts.signatures_size;
    const size_t size = sizeof(RRsetHeader) + sizeof(RRsetParts) + parts.link_count * sizeof(Link) +
                        parts.fixup_count * sizeof(Fixup) + records_size;
    return is_inside(at, size) && records_size <= kSetSizeMax && rrset.record_count() > 0 &&
           is_sequence(rrset.body(), rrset.record_count()) && rrset.type() == entry.type &&
           is_sequence(rrset.signatures(), rrset.signature_count()) &&
           are_sound_fixups(rrset, node.owner()) && are_sound_links(rrset);
}

bool ImageVerifier::are_sound_links(const RRset& rrset) const {
    return std::ranges::all_of(rrset.links(), [&](const Link& link) {
        if (link.node != 0 && !is_node(link.node)) return false;
        return (link.flags & kToOwner) != 0 || is_name(rrset, link.name_at);
    });
}

// A look-up may look at a slot that is free, next to one whose tag fits.
bool ImageVerifier::is_sound_index() const {
    const ImageHeader& header = image_.header();
    const auto* const buckets =
        reinterpret_cast<const Bucket*>(image_.block() + header.index * kRefUnit);
    for (size_t i = 0; i < header.bucket_count; ++i) {
        for (size_t slot = 0; slot < Bucket::kSlots; ++slot) {
            const bool is_free = buckets[i].tags[slot] == 0 && buckets[i].nodes[slot] == 0;
            if (!is_free && !is_node(buckets[i].nodes[slot])) return false;
        }
    }
    return true;
}

bool ImageVerifier::is_sound_chain() const {
    const auto links = image_.nsec3_links();
    if (links.empty()) return true;
    return image_.nsec3_parameters().iterations <= dnssec::kNsec3IterationsMax &&
           std::ranges::all_of(links, [&](const Nsec3Link& link) { return is_node(link.node); });
}

bool ImageVerifier::has_soa() const {
    return image_.is_unavailable() || image_.apex().find(RRType::SOA);
}

bool ImageVerifier::is_sound() {
    if (!collect_nodes()) return false;
    if (!std::ranges::all_of(nodes_, [&](Ref ref) { return is_sound_node(ref); })) return false;
    const auto is_right = [&](Ref ref) { return has_what_flags_say(image_.node(ref)); };
    if (!std::ranges::all_of(nodes_, is_right)) return false;
    if (!has_soa() || !is_sound_index() || !is_sound_chain()) return false;
    ImageRecords records{Version(image_)};
    RecordView record;
    while (records.next(record)) {
        if (!dns::is_valid_rdata(record.type, record.rdata)) return false;
    }
    return true;
}

}  // namespace nearcast::zone
