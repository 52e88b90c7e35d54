// SPDX-License-Identifier: Apache-2.0

#include "zone/delta.h"

#include <algorithm>
#include <array>

#include "zone/delta_plan.h"
#include "zone/image_builder.h"
#include "zone/node_writer.h"
#include "zone/zone_check.h"

namespace nearcast::zone {
namespace {

using base::Result;

// Room for a change of some names: more of them cost a copy.
constexpr size_t kGrowth = size_t{4} << 10;

// Where a node of the last delta lies in this one; zero: it is gone.
struct Moved {
    Ref from;
    Ref to;
};

uint32_t record_count(const Node& node) {
    uint32_t count = 0;
    if (!node) return count;
    for (const RRsetEntry& entry : node.rrsets()) {
        const RRset set = node.rrset(entry);
        count += uint32_t{set.record_count()} + set.signature_count();
    }
    return count;
}

class DeltaBuilder {
 public:
    DeltaBuilder(const Version& from, const TouchedNames& names)
        : from_(from),
          names_(names),
          draft_(*dns::Name::from_wire(from.apex().owner())),
          // Mostly there is little to add to the delta before.
          writer_(from.has_delta() ? from.newest().header().size + kGrowth : kGrowth,
                  NodeWriter::Links::InAll) {}

    // False when the check finds something: for the whole zone it may be right.
    bool check();
    Result<ImageBlock> build();

 private:
    using Entries = std::vector<DeltaEntry>;

    Result<void> put_nodes(std::span<const DeltaEntry> old, bool is_nsec3);
    Result<Ref> put_touched(std::span<const uint8_t> name, const TouchedName& touched);
    Result<void> put_old(std::span<const DeltaEntry> old, bool is_nsec3);
    void place(DeltaEntry& entry, std::span<const uint8_t> name, bool is_nsec3) const;
    Entries& entries_for(bool is_nsec3) { return is_nsec3 ? nsec3_entries_ : entries_; }

    void settle_links();
    [[nodiscard]] Ref moved(Ref from) const;
    [[nodiscard]] Ref link_to(std::span<const uint8_t> name) const;
    [[nodiscard]] Ref link_to_wildcard_below(std::span<const uint8_t> name) const;
    Result<void> put_index();
    static void count_runs(Entries& entries);
    void put_orders();
    void fill_header();

    Version from_;
    const TouchedNames& names_;
    ZoneDraft draft_;  // The touched names with their records.
    NodeWriter writer_;
    Entries entries_;                                              // Of the names.
    Entries nsec3_entries_;                                        // Of the NSEC3 chain.
    std::map<std::span<const uint8_t>, Ref, CanonicalLess> refs_;  // Of touched names that exist.
    std::vector<Moved> moved_;  // In the order of the last delta.
    std::vector<Ref> copied_;   // Nodes that are as in the last delta.
};

bool DeltaBuilder::check() {
    for (const auto& [name, touched] : names_) {
        for (const dns::Record& record : touched.records) {
            if (!draft_.add(record, {})) return false;
        }
    }
    draft_.arrange();
    if (has_digest(draft_)) return false;  // Over all of the zone, so all of it must be there.
    return std::ranges::none_of(check_zone(draft_), [](const Finding& finding) {
        return finding.severity == Severity::Error;
    });
}

// Says where in the order of the base the name is, or belongs.
void DeltaBuilder::place(DeltaEntry& entry, std::span<const uint8_t> name, bool is_nsec3) const {
    const Image& base = from_.base();
    const auto order = is_nsec3 ? base.nsec3_order() : base.order();
    const NodeOrder nodes(base.block(), order);
    auto place = nodes.after(name);
    auto before = place;
    const Node node = nodes.previous(before);
    if (node && dns::equal_ignoring_case(node.owner(), name)) {
        entry.flags = kReplaces;
        place = before;
    }
    entry.base_number = static_cast<uint32_t>(place.base);
    entry.base = place.base < order.size() ? order[place.base] : DeltaEntry::kAtEnd;
}

// Returns where it lies now; zero when it exists no more.
Result<Ref> DeltaBuilder::put_touched(std::span<const uint8_t> name, const TouchedName& touched) {
    DeltaEntry entry{};
    const HashedName hashed(name);
    entry.hash = hashed.hash();
    place(entry, name, touched.is_nsec3);
    if (!touched.exists && entry.flags == 0) return 0;  // It was the last delta's alone.
    const auto owner = touched.before ? touched.before.owner() : name;
    if (!touched.exists) {
        entry.flags |= kGone;
        entry.node = writer_.put_bare_node(owner, kTombstone);
    } else if (touched.records.empty()) {
        entry.node = writer_.put_bare_node(owner, touched.flags);
    } else {
        const auto ref = writer_.put_node(draft_, draft_.nodes()[draft_.find_node(hashed)]);
        if (!ref) return ref;
        entry.node = *ref;
        writer_.node(*ref).flags = touched.flags | kLinked;
    }
    entries_for(touched.is_nsec3).push_back(entry);
    if (!touched.exists) return 0;
    refs_.emplace(name, entry.node);
    return entry.node;
}

Result<void> DeltaBuilder::put_old(std::span<const DeltaEntry> old, bool is_nsec3) {
    for (DeltaEntry entry : old) {
        const auto ref = writer_.copy_node(from_.newest().node(entry.node));
        if (!ref) return std::unexpected(ref.error());
        moved_.push_back({entry.node, *ref});
        copied_.push_back(*ref);
        entry.node = *ref;
        entries_for(is_nsec3).push_back(entry);
    }
    return {};
}

// The touched names, and between them what the last delta has, in canonical order.
Result<void> DeltaBuilder::put_nodes(std::span<const DeltaEntry> old, bool is_nsec3) {
    for (const auto& [name, touched] : names_) {
        if (touched.is_nsec3 != is_nsec3) continue;
        const auto owner_of = [this](const DeltaEntry& entry) {
            return from_.newest().node(entry.node).owner();
        };
        const auto at = std::ranges::lower_bound(old, name, CanonicalLess{}, owner_of);
        const auto count = static_cast<size_t>(at - old.begin());
        if (auto done = put_old(old.first(count), is_nsec3); !done) return done;
        old = old.subspan(count);
        const auto ref = put_touched(name, touched);
        if (!ref) return std::unexpected(ref.error());
        if (!old.empty() && dns::equal_ignoring_case(owner_of(old.front()), name)) {
            moved_.push_back({old.front().node, *ref});
            old = old.subspan(1);
        }
    }
    return put_old(old, is_nsec3);
}

Ref DeltaBuilder::moved(Ref from) const {
    const auto at = std::ranges::lower_bound(moved_, from, {}, &Moved::from);
    return at != moved_.end() && at->from == from ? at->to : 0;
}

// What leads to the node of this name; zero when there is none.
Ref DeltaBuilder::link_to(std::span<const uint8_t> name) const {
    const auto touched = refs_.find(name);
    if (touched != refs_.end()) return touched->second;
    if (names_.contains(name)) return 0;
    const HashedName hashed(name);
    const Node node = from_.find(hashed.hash(), hashed.wire());
    if (!node) return 0;
    return node.block() == from_.base().block() ? node.ref() | kInBase : moved(node.ref());
}

Ref DeltaBuilder::link_to_wildcard_below(std::span<const uint8_t> name) const {
    std::array<uint8_t, dns::kNameSizeMax> wildcard{1, '*'};
    constexpr size_t kLabelSize = 2;
    if (name.size() + kLabelSize > wildcard.size()) return 0;
    std::ranges::copy(name, wildcard.begin() + kLabelSize);
    return link_to(std::span(wildcard).first(name.size() + kLabelSize));
}

void DeltaBuilder::settle_links() {
    for (const Ref ref : copied_) {
        Ref& link = writer_.link(ref);
        if (link != 0 && (link & kInBase) == 0) link = moved(link);
    }
    for (const auto& [name, ref] : refs_) {
        const TouchedName& touched = names_.find(name)->second;
        if (touched.is_nsec3) continue;
        writer_.link(ref) =
            touched.hidden_by.empty() ? link_to_wildcard_below(name) : link_to(touched.hidden_by);
    }
}

Result<void> DeltaBuilder::put_index() {
    std::vector<IndexedNode> names;
    names.reserve(entries_.size());
    for (const DeltaEntry& entry : entries_) names.push_back({entry.hash, entry.node});
    return writer_.put_index(names);
}

void DeltaBuilder::count_runs(Entries& entries) {
    const DeltaEntry* before = nullptr;
    for (DeltaEntry& entry : entries) {
        const bool is_gone = (entry.flags & kGone) != 0;
        const bool goes_on = is_gone && before != nullptr && (before->flags & kGone) != 0 &&
                             before->base_number + 1 == entry.base_number;
        entry.run = !is_gone ? 0 : goes_on ? before->run + 1 : 1;
        before = &entry;
    }
}

void DeltaBuilder::put_orders() {
    writer_.pad(alignof(DeltaEntry));
    count_runs(entries_);
    count_runs(nsec3_entries_);
    writer_.header().order = writer_.here();
    writer_.header().name_count = static_cast<uint32_t>(entries_.size());
    for (const DeltaEntry& entry : entries_) writer_.put(entry);
    writer_.header().nsec3_order = writer_.here();
    writer_.header().nsec3_count = static_cast<uint32_t>(nsec3_entries_.size());
    for (const DeltaEntry& entry : nsec3_entries_) writer_.put(entry);
}

void DeltaBuilder::fill_header() {
    ImageHeader& header = writer_.header();
    header.flags = kDelta;
    header.base_checksum = from_.base().header().checksum;
    header.label_count_max = static_cast<uint32_t>(from_.label_count_max());
    for (const auto& [name, ref] : refs_) {
        header.label_count_max =
            std::max<uint32_t>(header.label_count_max, writer_.node(ref).label_count);
    }
    const auto& apex = draft_.nodes().front();
    header.serial =
        soa_serial(draft_.rdata(draft_.find(apex, dns::RRType::SOA)->records().front()));
    header.signatures_expire = earliest_expiry(draft_);
    if (from_.has_delta()) {
        header.signatures_expire =
            earlier_expiry(header.signatures_expire, from_.newest().header().signatures_expire);
    }
    header.record_count = static_cast<uint32_t>(from_.record_count());
    for (const auto& [name, touched] : names_) {  // Modulo 2^32, and right in the end.
        header.record_count += static_cast<uint32_t>(touched.records.size());
        header.record_count -= record_count(touched.before);
    }
}

Result<ImageBlock> DeltaBuilder::build() {
    const Image& newest = from_.newest();
    const bool has_old = from_.has_delta();
    auto done = put_nodes(has_old ? newest.delta_order() : std::span<const DeltaEntry>(), false);
    if (done) {
        done =
            put_nodes(has_old ? newest.delta_nsec3_order() : std::span<const DeltaEntry>(), true);
    }
    if (!done) return std::unexpected(done.error());
    settle_links();
    if (done = put_index(); !done) return std::unexpected(done.error());
    put_orders();
    fill_header();
    return writer_.seal();
}

}  // namespace

Result<std::optional<ImageBlock>> build_delta(const Version& from, const NameChanges& changes,
                                              size_t names_max) {
    size_t old_count = 0;
    if (from.has_delta()) {
        const ImageHeader& old = from.newest().header();
        old_count = size_t{old.name_count} + old.nsec3_count;
    }
    if (old_count >= names_max) return std::nullopt;
    DeltaPlan plan(from, names_max - old_count);
    const auto outcome = plan.make(changes);
    if (!outcome) return std::unexpected(outcome.error());
    if (*outcome == DeltaPlan::Outcome::Entangled) return std::nullopt;
    DeltaBuilder builder(from, plan.names());
    if (!builder.check()) return std::nullopt;
    auto block = builder.build();
    if (!block) return std::unexpected(block.error());
    attach_base(*block, from.base());
    return block;
}

}  // namespace nearcast::zone
