// SPDX-License-Identifier: Apache-2.0

#include "zone/image_builder.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "zone/body_writer.h"

namespace nearcast::zone {
namespace {

using dns::RRType;

// Names per bucket, on average: at 70 % of its slots one bucket in twelve overflows, and the index
// costs 7.6 bytes for a name. Fuller, and questions for names that are not there touch two lines.
constexpr double kNamesPerBucket = 0.7 * Bucket::kSlots;

// Index layouts that are tried before a zone is refused. One is all it takes, unless somebody chose
// names to share a hash.
constexpr uint64_t kSaltCount = 8;

size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

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

class Builder {
 public:
    explicit Builder(const ZoneDraft& draft) : draft_(draft), refs_(draft.nodes().size()) {}

    base::Result<ImageBlock> build();

 private:
    struct PendingLink {
        size_t at;  // Of the Link's node field.
        uint32_t target;
    };

    template <typename T>
    void put(const T& value) {
        const auto* const bytes = reinterpret_cast<const uint8_t*>(&value);
        bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
    }
    template <typename T>
    T& at(size_t place) {
        return *reinterpret_cast<T*>(bytes_.data() + place);
    }
    void pad(size_t unit) { bytes_.resize(round_up(bytes_.size(), unit)); }
    [[nodiscard]] Ref here() const { return static_cast<Ref>(bytes_.size() / kRefUnit); }

    base::Result<void> put_node(uint32_t number);
    base::Result<void> put_set(const ZoneDraft::Node& node, const ZoneDraft::Set& set);
    void add_link(const ZoneDraft::Node& node, RRType type, std::span<const uint8_t> rdata);
    [[nodiscard]] base::Error too_large(const ZoneDraft::Node& node, RRType type) const;

    void settle_links();
    bool put_index();
    bool fill_index(std::span<Bucket> buckets, uint64_t salt);
    void put_orders();
    base::Result<ImageBlock> seal();

    const ZoneDraft& draft_;
    std::vector<uint8_t> bytes_;
    std::vector<Ref> refs_;  // Of each node of the draft.
    std::vector<PendingLink> pending_;
    std::vector<Link> links_;  // Of the set being written; node is still a number of the draft.
};

base::Error Builder::too_large(const ZoneDraft::Node& node, RRType type) const {
    return {dns::to_text(draft_.name(node)) + " has more " + dns::to_text(type) +
                " records than fit in a message",
            "spread them over several names"};
}

// Says where the target of this record is, if it is a name of this zone.
void Builder::add_link(const ZoneDraft::Node& node, RRType type, std::span<const uint8_t> rdata) {
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
        target = static_cast<uint32_t>(&node - draft_.nodes().data());
        flags |= kToOwner;
    } else {
        target = draft_.find_node(HashedName(wire.first(size)));
    }
    if (target == ZoneDraft::kNone || draft_.nodes()[target].is_nsec3) return;
    // Addresses below a cut are for finding name servers, those of the root among them (RFC 9609).
    const bool is_glue = (draft_.nodes()[target].flags & (kOccluded | kDelegation)) != 0;
    if (is_glue && type != RRType::NS) return;
    const auto owner = draft_.name(node);
    if (size >= owner.size() &&
        dns::equal_ignoring_case(wire.subspan(size - owner.size(), owner.size()), owner)) {
        flags |= kInDomain;
    }
    links_.push_back({target, static_cast<uint16_t>(name_at), flags});
}

base::Result<void> Builder::put_set(const ZoneDraft::Node& node, const ZoneDraft::Set& set) {
    BodyWriter writer(draft_.name(node));
    links_.clear();
    for (const ZoneDraft::Datum& datum : set.records) {
        writer.add(set.type, datum.ttl, draft_.rdata(datum));
        const size_t link_count = links_.size();
        add_link(node, set.type, draft_.rdata(datum));
        if (links_.size() > link_count) {
            links_.back().name_at =
                static_cast<uint16_t>(links_.back().name_at + writer.last_rdata_at());
        }
    }
    BodyWriter signatures(draft_.name(node));
    for (const ZoneDraft::Datum& datum : set.signatures) {
        signatures.add(RRType::RRSIG, datum.ttl, draft_.rdata(datum));
    }
    if (writer.body().size() + signatures.body().size() > kSetSizeMax) {
        return std::unexpected(too_large(node, set.type));
    }
    RRsetHeader header{};
    header.type = set.type;
    header.record_count = static_cast<uint16_t>(set.records.size());
    header.body_size = static_cast<uint16_t>(writer.body().size());
    header.signature_count = static_cast<uint16_t>(set.signatures.size());
    header.signatures_size = static_cast<uint16_t>(signatures.body().size());
    header.link_count = static_cast<uint16_t>(links_.size());
    header.fixup_count = static_cast<uint16_t>(writer.fixups().size());
    put(header);
    for (const Link& link : links_) {
        pending_.push_back({bytes_.size() + offsetof(Link, node), link.node});
        put(link);
    }
    for (const Fixup& fixup : writer.fixups()) put(fixup);
    bytes_.insert(bytes_.end(), writer.body().begin(), writer.body().end());
    bytes_.insert(bytes_.end(), signatures.body().begin(), signatures.body().end());
    pad(kRefUnit);
    return {};
}

base::Result<void> Builder::put_node(uint32_t number) {
    const ZoneDraft::Node& node = draft_.nodes()[number];
    refs_[number] = here();
    NodeHeader header{};
    header.flags = node.flags;
    header.owner_size = node.name_size;
    header.label_count = node.label_count;
    // Signatures without the records that they sign are dropped: nobody could ask for them.
    const auto has_records = [](const ZoneDraft::Set& set) { return !set.records.empty(); };
    const auto set_count = std::ranges::count_if(draft_.sets(node), has_records);
    header.rrset_count = static_cast<uint16_t>(set_count);
    if (node.hidden_by != ZoneDraft::kNone) header.link = refs_[node.hidden_by];
    put(header);
    const auto owner = draft_.name(node);
    bytes_.insert(bytes_.end(), owner.begin(), owner.end());
    pad(kRefUnit);
    size_t entry = bytes_.size();
    bytes_.resize(entry + header.rrset_count * sizeof(RRsetEntry));
    for (const ZoneDraft::Set& set : draft_.sets(node)) {
        if (set.records.empty()) continue;
        at<RRsetEntry>(entry) = {set.type, 0, here()};
        entry += sizeof(RRsetEntry);
        const auto written = put_set(node, set);
        if (!written) return written;
    }
    if (bytes_.size() / kRefUnit > UINT32_MAX / 2) {
        return base::fail("the zone is larger than an image can be (8 GiB)");
    }
    return {};
}

// What refers to nodes that were not written yet.
void Builder::settle_links() {
    for (const PendingLink& link : pending_) at<Ref>(link.at) = refs_[link.target];
    for (size_t i = 0; i < refs_.size(); ++i) {
        const ZoneDraft::Node& node = draft_.nodes()[i];
        if (node.wildcard == ZoneDraft::kNone || node.hidden_by != ZoneDraft::kNone) continue;
        at<NodeHeader>(refs_[i] * kRefUnit).link = refs_[node.wildcard];
    }
}

bool Builder::fill_index(std::span<Bucket> buckets, uint64_t salt) {
    std::ranges::fill(buckets, Bucket{});
    const auto count = static_cast<uint32_t>(buckets.size());
    for (size_t i = 0; i < refs_.size(); ++i) {
        const ZoneDraft::Node& node = draft_.nodes()[i];
        if (node.is_nsec3) continue;
        const Probe probe = probe_for(node.hash, salt, count);
        uint32_t number = probe.bucket;
        for (size_t probes = 1;; ++probes) {
            Bucket& bucket = buckets[number];
            const auto free = std::ranges::find(bucket.tags, uint8_t{0});
            if (free != std::end(bucket.tags)) {
                *free = probe.tag;
                bucket.nodes[free - bucket.tags] = refs_[i];
                break;
            }
            if (probes == kProbeMax) return false;
            bucket.has_overflowed = 1;
            if (++number == count) number = 0;
        }
    }
    return true;
}

bool Builder::put_index() {
    pad(kImageAlignment);
    const auto count = static_cast<size_t>(static_cast<double>(refs_.size()) / kNamesPerBucket) + 1;
    const size_t start = bytes_.size();
    bytes_.resize(start + count * sizeof(Bucket));
    const std::span<Bucket> buckets(&at<Bucket>(start), count);
    auto& header = at<ImageHeader>(0);
    header.index = static_cast<Ref>(start / kRefUnit);
    header.bucket_count = static_cast<uint32_t>(count);
    for (header.salt = 0; header.salt < kSaltCount; ++header.salt) {
        if (fill_index(buckets, header.salt)) return true;
    }
    return false;
}

void Builder::put_orders() {
    const auto is_regular = [](const ZoneDraft::Node& node) { return !node.is_nsec3; };
    const auto regular = static_cast<uint32_t>(std::ranges::count_if(draft_.nodes(), is_regular));
    auto& header = at<ImageHeader>(0);
    header.order = here();
    header.name_count = regular;
    header.nsec3_order = header.order + regular;
    header.nsec3_count = static_cast<uint32_t>(refs_.size()) - regular;
    for (const ZoneDraft::Node& node : draft_.nodes()) {
        header.label_count_max = std::max<uint32_t>(header.label_count_max, node.label_count);
    }
    for (const Ref ref : refs_) put(ref);  // The nodes of the NSEC3 chain come last in a draft.
}

uint32_t serial_of(std::span<const uint8_t> soa) {
    constexpr size_t kAfterSerial = 20;
    return base::load_u32(soa.data() + soa.size() - kAfterSerial);
}

base::Result<ImageBlock> Builder::seal() {
    const size_t size = round_up(bytes_.size() + kImageTail, kImageAlignment);
    ImageBlock block = ImageBlock::allocate(size);
    if (!block) return base::fail("no memory for an image of " + std::to_string(size) + " bytes");
    std::ranges::copy(bytes_, block.bytes().begin());
    auto& header = *reinterpret_cast<ImageHeader*>(block.bytes().data());
    header.magic = kImageMagic;
    header.format = kImageFormat;
    header.size = size;
    const ZoneDraft::Set* const soa = draft_.find(draft_.nodes().front(), RRType::SOA);
    if (soa == nullptr || soa->records.empty()) {
        header.flags = kUnavailable;
    } else {
        header.serial = serial_of(draft_.rdata(soa->records.front()));
        header.record_count = static_cast<uint32_t>(draft_.record_count());
    }
    header.checksum = image_checksum(block.bytes());
    return block;
}

base::Result<ImageBlock> Builder::build() {
    bytes_.resize(sizeof(ImageHeader));
    for (uint32_t number = 0; number < refs_.size(); ++number) {
        const auto written = put_node(number);
        if (!written) return std::unexpected(written.error());
    }
    settle_links();
    if (!put_index()) {
        return base::fail("too many names have hashes that collide",
                          "look at the names in this zone: they were chosen to slow a server down");
    }
    put_orders();
    return seal();
}

}  // namespace

base::Result<ImageBlock> build_image(const ZoneDraft& draft) { return Builder(draft).build(); }

ImageBlock build_unavailable_image(const dns::Name& apex) {
    ZoneDraft draft(apex);
    draft.arrange();
    auto image = Builder(draft).build();
    return image ? *std::move(image) : ImageBlock();
}

}  // namespace nearcast::zone
