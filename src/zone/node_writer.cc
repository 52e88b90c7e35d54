// SPDX-License-Identifier: Apache-2.0

#include "zone/node_writer.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <string>

#include "zone/body_writer.h"
#include "zone/round_up.h"

namespace nearcast::zone {
namespace {

using dns::RRType;

// Names per bucket, on average: at 70 % of its slots one bucket in twelve overflows, and the index
// costs 7.6 bytes for a name. Fuller, and questions for names that are not there touch two lines.
constexpr double kNamesPerBucket = 0.7 * Bucket::kSlots;

// Index layouts that are tried before a zone is refused. One is all it takes, unless somebody chose
// names to share a hash.
constexpr uint64_t kSaltCount = 8;

// Where the rdata of this type names a host whose addresses help, or nothing.
constexpr size_t kNoTarget = SIZE_MAX;
size_t target_at(RRType type) {
    switch (type) {
        case RRType::NS:
            return 0;
        case RRType::MX:
        case RRType::SVCB:
        case RRType::HTTPS:
            return 2;
        case RRType::SRV:
            return 6;
        default:
            return kNoTarget;
    }
}

bool is_service_binding(RRType type) { return type == RRType::SVCB || type == RRType::HTTPS; }

base::Error too_large(std::span<const uint8_t> owner, RRType type) {
    return {
        dns::to_text(owner) + " has more " + dns::to_text(type) + " records than fit in a message",
        "spread them over several names"};
}

}  // namespace

void NodeWriter::pad(size_t unit) { bytes_.resize(round_up(bytes_.size(), unit)); }

base::Result<void> NodeWriter::check_size() const {
    if (bytes_.size() / kRefUnit < kInBase) return {};
    return base::fail("the zone is larger than an image can be (8 GiB)");
}

// Says where the target of this record is, if it may be a name of this zone. One that is not there,
// or that may not be told, is kept as a link to nothing: a delta may change that.
void NodeWriter::add_link(const ZoneDraft& draft, const ZoneDraft::Node& node, RRType type,
                          std::span<const uint8_t> rdata) {
    const size_t name_at = target_at(type);
    if (name_at == kNoTarget || rdata.size() <= name_at) return;
    const auto wire = rdata.subspan(name_at);
    const size_t size = dns::name_size(wire);
    if (size == 0) return;
    const bool is_alias = is_service_binding(type) && base::load_u16(rdata.data()) == 0;
    uint16_t flags = 0;
    if (is_alias) flags |= kSameType;
    uint32_t target = ZoneDraft::kNone;
    if (size == 1 && is_service_binding(type)) {  // "." is the owner itself (RFC 9460 §2.5.2).
        if (is_alias) return;
        target = static_cast<uint32_t>(&node - draft.nodes().data());
        flags |= kToOwner;
    } else {
        const HashedName name(wire.first(size));
        if (!draft.is_in_zone(name)) return;
        target = draft.find_node(name);
    }
    if (target != ZoneDraft::kNone) {
        const ZoneDraft::Node& found = draft.nodes()[target];
        if (found.is_nsec3() || !may_be_told(type, found.flags)) target = ZoneDraft::kNone;
    }
    const auto owner = draft.name(node);
    if (size >= owner.size() &&
        dns::equal_ignoring_case(wire.subspan(size - owner.size(), owner.size()), owner)) {
        flags |= kInDomain;
    }
    links_.push_back({target, static_cast<uint16_t>(name_at), flags});
}

base::Result<void> NodeWriter::put_set(const ZoneDraft& draft, const ZoneDraft::Node& node,
                                       const ZoneDraft::Set& set) {
    BodyWriter writer(draft.name(node));
    links_.clear();
    for (const ZoneDraft::Datum& datum : set.records()) {
        writer.add(set.type, datum.ttl, draft.rdata(datum));
        const size_t link_count = links_.size();
        add_link(draft, node, set.type, draft.rdata(datum));
        if (links_.size() > link_count) {
            links_.back().name_at =
                static_cast<uint16_t>(links_.back().name_at + writer.last_rdata_at());
        }
    }
    BodyWriter signatures(draft.name(node));
    for (const ZoneDraft::Datum& datum : set.signatures()) {
        signatures.add(RRType::RRSIG, datum.ttl, draft.rdata(datum));
    }
    if (writer.body().size() + signatures.body().size() > kSetSizeMax) {
        return std::unexpected(too_large(draft.name(node), set.type));
    }
    const RRsetParts parts{.signature_count = static_cast<uint16_t>(set.signatures().size()),
                           .signatures_size = static_cast<uint16_t>(signatures.body().size()),
                           .link_count = static_cast<uint16_t>(links_.size()),
                           .fixup_count = static_cast<uint16_t>(writer.fixups().size())};
    const bool has_parts = !set.signatures().empty() || !links_.empty() || !writer.fixups().empty();
    RRsetHeader header{.records = static_cast<uint16_t>(set.records().size()),
                       .body_size = static_cast<uint16_t>(writer.body().size())};
    if (has_parts) header.records |= RRsetHeader::kHasParts;
    put(header);
    if (has_parts) put(parts);
    for (Link link : links_) {
        const uint32_t target = std::exchange(link.node, 0);
        if (target != ZoneDraft::kNone) {
            pending_.push_back({bytes_.size() + offsetof(Link, node), target});
        }
        put(link);
    }
    for (const Fixup& fixup : writer.fixups()) put(fixup);
    put_bytes(writer.body());
    put_bytes(signatures.body());
    pad(kRefUnit);
    return {};
}

base::Result<Ref> NodeWriter::put_node(const ZoneDraft& draft, const ZoneDraft::Node& node,
                                       const Nsec3Standing* standing) {
    const Ref ref = here();
    NodeHeader header{};
    header.flags = node.flags;
    header.owner_size = node.name_size;
    header.label_count = node.label_count;
    header.rrset_count = static_cast<uint16_t>(node.set_count);
    const bool is_placed = standing != nullptr && !node.is_nsec3() && (node.flags & kOccluded) == 0;
    if (is_placed) header.flags |= kPlaced;
    if (is_placed && standing->is_provable) header.flags |= kProvable;
    const bool is_linked = room_for_links_ == Links::InAll || node.hidden_by != ZoneDraft::kNone ||
                           node.wildcard != ZoneDraft::kNone;
    if (is_linked) header.flags |= kLinked;
    put(header);
    put_bytes(draft.name(node));
    pad(kRefUnit);
    size_t entry = bytes_.size();
    bytes_.resize(entry + header.rrset_count * sizeof(RRsetEntry));
    if (is_linked) put(Ref{0});
    if (is_placed) put(standing->places);
    for (const ZoneDraft::Set& set : draft.sets(node)) {
        at<RRsetEntry>(entry) = {set.type, 0, here()};
        entry += sizeof(RRsetEntry);
        if (auto done = put_set(draft, node, set); !done) return std::unexpected(done.error());
    }
    if (auto done = check_size(); !done) return std::unexpected(done.error());
    return ref;
}

Ref NodeWriter::put_bare_node(std::span<const uint8_t> owner, uint16_t flags) {
    const Ref ref = here();
    NodeHeader header{};
    header.flags = flags | kLinked;
    header.owner_size = static_cast<uint8_t>(owner.size());
    header.label_count = static_cast<uint8_t>(HashedName(owner).label_count());
    put(header);
    put_bytes(owner);
    pad(kRefUnit);
    put(Ref{0});
    return ref;
}

Ref& NodeWriter::link(Ref ref) {
    const Node node(bytes_.data(), ref);
    assert(node.has(kLinked));
    const auto* const field = reinterpret_cast<const uint8_t*>(node.link_field());
    return at<Ref>(static_cast<size_t>(field - bytes_.data()));
}

base::Result<Ref> NodeWriter::copy_node(const Node& node) {
    const Ref ref = here();
    const auto entries = node.rrsets();
    const auto* const start = reinterpret_cast<const uint8_t*>(&node.header());
    const auto* end = reinterpret_cast<const uint8_t*>(node.link_field() + 1);
    if (!entries.empty()) {  // RRsets lie behind their node, in the order of the entries.
        const auto last = node.rrset(entries.back()).signatures();
        end = last.data() + last.size();
    }
    put_bytes({start, end});
    pad(kRefUnit);
    const size_t entries_at =
        ref * kRefUnit +
        static_cast<size_t>(reinterpret_cast<const uint8_t*>(entries.data()) - start);
    for (size_t i = 0; i < entries.size(); ++i) {
        at<RRsetEntry>(entries_at + i * sizeof(RRsetEntry)).rrset += ref - node.ref();
    }
    if (auto done = check_size(); !done) return std::unexpected(done.error());
    return ref;
}

bool NodeWriter::fill_index(std::span<Bucket> buckets, std::span<const IndexedNode> nodes,
                            uint64_t salt) {
    std::ranges::fill(buckets, Bucket{});
    const auto count = static_cast<uint32_t>(buckets.size());
    for (const IndexedNode& node : nodes) {
        const Probe probe = probe_for(node.hash, salt, count);
        uint32_t number = probe.bucket;
        for (size_t probes = 1;; ++probes) {
            Bucket& bucket = buckets[number];
            const auto free = std::ranges::find(bucket.tags, uint8_t{0});
            if (free != std::end(bucket.tags)) {
                *free = probe.tag;
                bucket.nodes[free - bucket.tags] = node.node;
                break;
            }
            if (probes == kProbeMax) return false;
            bucket.has_overflowed = 1;
            if (++number == count) number = 0;
        }
    }
    return true;
}

base::Result<void> NodeWriter::put_index(std::span<const IndexedNode> nodes) {
    pad(kImageAlignment);
    const auto count = static_cast<size_t>(static_cast<double>(nodes.size()) / kNamesPerBucket) + 1;
    const size_t start = bytes_.size();
    bytes_.resize(start + count * sizeof(Bucket));
    const std::span<Bucket> buckets(&at<Bucket>(start), count);
    header().index = static_cast<Ref>(start / kRefUnit);
    header().bucket_count = static_cast<uint32_t>(count);
    for (uint64_t& salt = header().salt; salt < kSaltCount; ++salt) {
        if (fill_index(buckets, nodes, salt)) return {};
    }
    return base::fail("too many names have hashes that collide",
                      "look at the names in this zone: they were chosen to slow a server down");
}

base::Result<ImageBlock> NodeWriter::seal() {
    if (auto done = check_size(); !done) return std::unexpected(done.error());
    const size_t size = round_up(bytes_.size() + kImageTail, kImageAlignment);
    header().magic = kImageMagic;
    header().format = kImageFormat;
    header().size = size;
    ImageBlock block = bytes_.take(size);
    if (!block) return base::fail("no memory for an image of " + std::to_string(size) + " bytes");
    reinterpret_cast<ImageHeader*>(block.bytes().data())->checksum = image_checksum(block.bytes());
    return block;
}

}  // namespace nearcast::zone
