// SPDX-License-Identifier: Apache-2.0

#include "zone/image_builder.h"

#include <algorithm>

#include "zone/huge_pages.h"
#include "zone/image_records.h"
#include "zone/name_key.h"
#include "zone/node_writer.h"
#include "zone/nsec3_chain.h"

namespace nearcast::zone {
namespace {

using dns::RRType;

// What the image will have at most, unless it has many names that are compressed or lead to others.
size_t expected_size(const ZoneDraft& draft) {
    constexpr size_t kNode = sizeof(NodeHeader) + kRefUnit + sizeof(Nsec3Places) + 2 * sizeof(Ref) +
                             sizeof(uint64_t) + sizeof(Nsec3Link) + sizeof(Bucket) / 8;
    constexpr size_t kSet =
        sizeof(RRsetHeader) + sizeof(RRsetParts) + sizeof(RRsetEntry) + kRefUnit;
    constexpr size_t kRecord = kRecordFixedSize + sizeof(Link) + 2 * sizeof(Fixup);
    return sizeof(ImageHeader) + sizeof(Bucket) + draft.byte_count() +
           draft.nodes().size() * kNode + draft.set_count() * kSet + draft.record_count() * kRecord;
}

class Builder {
 public:
    explicit Builder(const ZoneDraft& draft)
        : draft_(draft),
          writer_(expected_size(draft), NodeWriter::Links::WhereUsed),
          refs_(draft.nodes().size()),
          chain_(find_nsec3_chain(draft)) {
        if (!chain_.links.empty()) standings_ = find_nsec3_places(draft, chain_);
    }

    base::Result<ImageBlock> build();

 private:
    base::Result<void> put_nodes();
    void settle_links();
    base::Result<void> put_index();
    void put_orders();
    void put_name_keys();
    void put_nsec3_chain();
    void fill_header();

    const ZoneDraft& draft_;
    NodeWriter writer_;
    std::vector<Ref> refs_;  // Of each node of the draft.
    Nsec3Chain chain_;
    std::vector<Nsec3Standing> standings_;  // Of each node of the draft, if there is a chain.
};

base::Result<void> Builder::put_nodes() {
    for (uint32_t number = 0; number < refs_.size(); ++number) {
        const Nsec3Standing* const standing = standings_.empty() ? nullptr : &standings_[number];
        const auto ref = writer_.put_node(draft_, draft_.nodes()[number], standing);
        if (!ref) return std::unexpected(ref.error());
        refs_[number] = *ref;
    }
    return {};
}

// What refers from node to node, now that each has its place.
void Builder::settle_links() {
    for (const NodeWriter::PendingLink& link : writer_.pending()) {
        writer_.at<Ref>(link.at) = refs_[link.target];
    }
    for (size_t i = 0; i < refs_.size(); ++i) {
        const ZoneDraft::Node& node = draft_.nodes()[i];
        const uint32_t target = node.hidden_by != ZoneDraft::kNone ? node.hidden_by : node.wildcard;
        if (target != ZoneDraft::kNone) writer_.link(refs_[i]) = refs_[target];
    }
}

base::Result<void> Builder::put_index() {
    std::vector<IndexedNode> names;
    reserve_in_huge_pages(names, refs_.size());
    for (size_t i = 0; i < refs_.size(); ++i) {
        const ZoneDraft::Node& node = draft_.nodes()[i];
        if (!node.is_nsec3()) names.push_back({node.hash, refs_[i]});
    }
    return writer_.put_index(names);
}

void Builder::put_orders() {
    const auto is_regular = [](const ZoneDraft::Node& node) { return !node.is_nsec3(); };
    const auto regular = static_cast<uint32_t>(std::ranges::count_if(draft_.nodes(), is_regular));
    ImageHeader& header = writer_.header();
    header.order = writer_.here();
    header.name_count = regular;
    header.nsec3_order = header.order + regular;
    header.nsec3_count = static_cast<uint32_t>(refs_.size()) - regular;
    for (const Ref ref : refs_) writer_.put(ref);  // Those of the NSEC3 chain come last.
}

// Only NSEC makes answers look for what comes in front of a name.
void Builder::put_name_keys() {
    if (draft_.find(draft_.nodes().front(), RRType::NSEC) == nullptr) return;
    const size_t apex_size = draft_.name(draft_.nodes().front()).size();
    writer_.pad(sizeof(uint64_t));
    writer_.header().name_keys = writer_.here();
    for (const ZoneDraft::Node& node : draft_.nodes().first(writer_.header().name_count)) {
        writer_.put(name_key(draft_.name(node), apex_size));
    }
}

void Builder::put_nsec3_chain() {
    if (chain_.links.empty()) return;
    const auto nsec3_nodes = draft_.nodes().last(writer_.header().nsec3_count);
    const auto node_of = [this](const Nsec3Link& link) { return &draft_.nodes()[link.node]; };
    const auto address = [](const ZoneDraft::Node& node) { return &node; };
    const bool is_in_order = std::ranges::equal(chain_.links, nsec3_nodes, {}, node_of, address);
    if (is_in_order) writer_.header().flags |= kChainInOrder;
    writer_.header().nsec3_links = writer_.here();
    writer_.header().nsec3_link_count = static_cast<uint32_t>(chain_.links.size());
    for (const Nsec3Link& link : chain_.links) {
        writer_.put(Nsec3Link{link.hash, refs_[link.node]});
    }
    writer_.header().nsec3_parameters = writer_.here();
    writer_.put_bytes(chain_.parameters);
    writer_.pad(kRefUnit);
}

void Builder::fill_header() {
    ImageHeader& header = writer_.header();
    for (const ZoneDraft::Node& node : draft_.nodes()) {
        header.label_count_max = std::max<uint32_t>(header.label_count_max, node.label_count);
        for (const ZoneDraft::Set& set : draft_.sets(node)) {
            const size_t count = set.records().size() + set.signatures().size();
            header.record_count += static_cast<uint32_t>(count);
        }
    }
    const ZoneDraft::Set* const soa = draft_.find(draft_.nodes().front(), RRType::SOA);
    if (soa == nullptr) {
        header.flags |= kUnavailable;
    } else {
        header.serial = soa_serial(draft_.rdata(soa->records().front()));
        header.signatures_expire = earliest_expiry(draft_);
    }
}

base::Result<ImageBlock> Builder::build() {
    if (auto done = put_nodes(); !done) return std::unexpected(done.error());
    settle_links();
    if (auto done = put_index(); !done) return std::unexpected(done.error());
    put_orders();
    put_name_keys();
    put_nsec3_chain();
    fill_header();
    return writer_.seal();
}

}  // namespace

uint32_t earliest_expiry(const ZoneDraft& draft) {
    constexpr size_t kExpirationAt = 8;  // In the data of an RRSIG.
    uint32_t earliest = 0;
    for (const ZoneDraft::Node& node : draft.nodes()) {
        for (const ZoneDraft::Set& set : draft.sets(node)) {
            for (const ZoneDraft::Datum& datum : set.signatures()) {
                const uint32_t expiry = base::load_u32(draft.rdata(datum).data() + kExpirationAt);
                earliest = earlier_expiry(earliest, expiry);
            }
        }
    }
    return earliest;
}

base::Result<ImageBlock> build_image(const ZoneDraft& draft) { return Builder(draft).build(); }

ImageBlock build_unavailable_image(const dns::Name& apex) {
    ZoneDraft draft(apex);
    draft.arrange();
    auto image = Builder(draft).build();
    return image ? *std::move(image) : ImageBlock();
}

}  // namespace nearcast::zone
