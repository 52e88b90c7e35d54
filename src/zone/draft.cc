// SPDX-License-Identifier: Apache-2.0

#include "zone/draft.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <set>
#include <utility>

#include "base/prefetch.h"
#include "base/side_by_side.h"
#include "dnssec/canonical_rdata.h"
#include "zone/huge_pages.h"

namespace nearcast::zone {
namespace {

constexpr size_t kTableSizeMin = 64;
constexpr uint32_t kSetCountMax = UINT32_MAX >> 1;  // What a Node has bits for.

uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

// The RRset that a record belongs to: a signature goes with what it covers.
dns::RRType set_type(const dns::Record& record) {
    if (record.type != dns::RRType::RRSIG) return record.type;
    return static_cast<dns::RRType>(base::load_u16(record.rdata.data()));
}

// The first sixteen bytes of what canonical order compares, so that most comparisons of a sort are
// of two numbers: labels from the apex down, each behind a zero, with the bytes 0 and 1 escaped.
struct OrderKey {
    std::array<uint64_t, 2> head{};
    uint32_t number = 0;
    bool is_nsec3 = false;  // These come last.
};

// What is read in another order than it lies in is fetched so many turns before.
constexpr size_t kAhead = 16;

// As many names are sorted in the time that a thread needs to start.
constexpr size_t kSortShare = 4096;

// Each core sorts a part, then neighbours are merged.
template <typename Less>
void sort_side_by_side(std::span<OrderKey> keys, Less less) {
    if (std::ranges::is_sorted(keys, less)) return;
    size_t parts = 1;
    while (2 * parts <= base::usable_cores() && keys.size() / (2 * parts) >= kSortShare) parts *= 2;
    const auto begin_of = [&](size_t part) {
        return keys.begin() + static_cast<ptrdiff_t>(part * keys.size() / parts);
    };
    base::side_by_side(parts, 1,
                       [&](size_t part) { std::sort(begin_of(part), begin_of(part + 1), less); });
    for (size_t width = 1; width < parts; width *= 2) {
        base::side_by_side(parts / (2 * width), 1, [&](size_t pair) {
            const size_t first = pair * 2 * width;
            std::inplace_merge(begin_of(first), begin_of(first + width),
                               begin_of(first + 2 * width), less);
        });
    }
}

OrderKey order_key(std::span<const uint8_t> name, size_t apex_labels, uint32_t number) {
    const HashedName hashed(name);
    std::array<uint8_t, 16> head{};
    size_t used = 0;
    const auto put = [&](uint8_t byte) {
        if (used < head.size()) head[used++] = byte;
    };
    for (size_t label = hashed.label_count() - apex_labels; label-- > 0 && used < head.size();) {
        const auto suffix = hashed.suffix(label);
        for (const uint8_t byte : suffix.subspan(1, suffix[0])) {
            if (byte <= 1) put(1);
            put(byte <= 1 ? static_cast<uint8_t>(byte + 1) : byte);
        }
        put(0);
    }
    OrderKey key{.number = number};
    for (size_t i = 0; i < head.size(); ++i) key.head[i / 8] = key.head[i / 8] << 8 | head[i];
    return key;
}

}  // namespace

ZoneDraft::ZoneDraft(const dns::Name& apex, std::shared_ptr<BlockStock> stock)
    : apex_(apex),
      apex_hashed_(apex.wire()),
      stock_(std::move(stock)),
      bytes_(stock_),
      nodes_(stock_),
      table_(kTableSizeMin, stock_),
      data_(stock_),
      sets_(stock_) {
    const HashedName name(apex.wire());
    const uint32_t number = intern(name, 0);
    assert(number == 0);
    nodes_[number].flags = kApex;
}

// By what large zones have: a line for each record, names a little fewer.
void ZoneDraft::expect(size_t text_size) {
    constexpr size_t kLineSize = 32;
    constexpr size_t kTextForName = 40;
    reserve_in_huge_pages(bytes_, text_size);
    reserve_in_huge_pages(data_, text_size / kLineSize);
    reserve_in_huge_pages(nodes_, text_size / kTextForName);
}

bool ZoneDraft::is_in_zone(const HashedName& name) const {
    if (name.label_count() < apex_hashed_.label_count()) return false;
    const size_t label = name.label_count() - apex_hashed_.label_count();
    return name.hash(label) == apex_hashed_.hash() &&
           std::ranges::equal(name.suffix(label), apex_hashed_.wire());
}

uint64_t ZoneDraft::store(std::span<const uint8_t> bytes) {
    const uint64_t at = bytes_.size();
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return at;
}

// Where in the table the name is, or belongs.
size_t ZoneDraft::table_place(uint64_t hash, std::span<const uint8_t> lowered) const {
    const size_t mask = table_.size() - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        const Slot& slot = table_[at];
        if (slot.number == kNone) return at;
        if (slot.tag != tag_of(hash)) continue;
        const Node& node = nodes_[slot.number];
        if (node.hash == hash && dns::equal_ignoring_case(name(node), lowered)) return at;
    }
}

void ZoneDraft::resize_table(size_t slots) {
    StockVector<Slot> larger(stock_);
    reserve_in_huge_pages(larger, slots);
    larger.resize(slots);
    const size_t mask = larger.size() - 1;
    for (uint32_t number = 0; number < nodes_.size(); ++number) {
        size_t at = nodes_[number].hash & mask;
        while (larger[at].number != kNone) at = (at + 1) & mask;
        larger[at] = {number, tag_of(nodes_[number].hash)};
    }
    table_ = std::move(larger);
}

// The node for the suffix of `name` that begins at `label`; made, with those above it that are
// missing, when it is new. New ones have the bytes of `name` as they are.
uint32_t ZoneDraft::intern(const HashedName& name, size_t label) {
    const uint32_t known = table_[table_place(name.hash(label), name.suffix(label))].number;
    if (known != kNone) return known;

    const bool is_apex = nodes_.empty();
    const uint32_t parent = is_apex ? kNone : intern(name, label + 1);
    // Only now: one deep name makes as many nodes as it has labels.
    if (nodes_.size() * 4 >= table_.size() * 3) resize_table(table_.size() * 2);
    const auto suffix = name.suffix(label);
    const auto number = static_cast<uint32_t>(nodes_.size());
    Node node;
    node.hash = name.hash(label);
    node.name_at = store(suffix);
    node.parent = parent;
    node.name_size = static_cast<uint8_t>(suffix.size());
    node.label_count = static_cast<uint8_t>(name.label_count() - label);
    nodes_.push_back(node);
    table_[table_place(node.hash, suffix)] = {number, tag_of(node.hash)};
    return number;
}

bool ZoneDraft::add(const dns::Record& record, SourceLine source) {
    const auto wire = record.owner.wire();
    const bool is_repeated =
        owner_number_ != kNone && dns::equal_ignoring_case(name(nodes_[owner_number_]), wire);
    if (!is_repeated) {
        owner_.assign(wire);
        if (!is_in_zone(owner_)) return false;
        owner_number_ = intern(owner_, 0);
        Node& node = nodes_[owner_number_];
        // The letter case of the first record with this owner is the one that is kept.
        if (node.set_count++ == 0) std::ranges::copy(wire, bytes_.begin() + long(node.name_at));
    }
    Datum datum;
    datum.rdata_at = store(record.rdata);
    datum.owner = owner_number_;
    datum.ttl = record.ttl;
    datum.source = source;
    datum.type = set_type(record);
    datum.rdata_size = static_cast<uint16_t>(record.rdata.size());
    datum.is_signature = record.type == dns::RRType::RRSIG;
    data_.push_back(datum);
    return true;
}

void ZoneDraft::mark_nsec3_nodes() {
    std::vector<bool> has_nsec3(nodes_.size());
    std::vector<bool> has_other(nodes_.size());
    for (const Datum& datum : data_) {
        if (datum.type != dns::RRType::NSEC3)
            has_other[datum.owner] = true;
        else if (!datum.is_signature)
            has_nsec3[datum.owner] = true;
    }
    for (const Node& node : nodes_) {
        if (node.parent != kNone) has_other[node.parent] = true;
    }
    for (size_t i = 1; i < nodes_.size(); ++i) {
        nodes_[i].is_link = has_nsec3[i] && !has_other[i];
    }
}

void ZoneDraft::sort_nodes() {
    StockVector<OrderKey> keys(stock_);
    reserve_in_huge_pages(keys, nodes_.size());
    keys.resize(nodes_.size());
    base::side_by_side(keys.size(), kSortShare, [&](size_t i) {
        const auto number = static_cast<uint32_t>(i);
        keys[i] = order_key(name(nodes_[i]), apex_hashed_.label_count(), number);
        keys[i].is_nsec3 = nodes_[i].is_nsec3();
    });
    sort_side_by_side(std::span(keys), [this](const OrderKey& a, const OrderKey& b) {
        if (a.is_nsec3 != b.is_nsec3) return b.is_nsec3;
        if (a.head[0] != b.head[0]) return a.head[0] < b.head[0];
        if (a.head[1] != b.head[1]) return a.head[1] < b.head[1];
        return dns::canonical_order(name(nodes_[a.number]), name(nodes_[b.number])) < 0;
    });

    StockVector<Node> sorted(stock_);
    StockVector<uint32_t> rank(nodes_.size(), stock_);
    reserve_in_huge_pages(sorted, nodes_.size());
    for (size_t i = 0; i < keys.size(); ++i) {
        if (i + kAhead < keys.size()) base::prefetch(&nodes_[keys[i + kAhead].number]);
        rank[keys[i].number] = static_cast<uint32_t>(i);
        sorted.push_back(nodes_[keys[i].number]);
    }
    for (Node& node : sorted) {
        if (node.parent != kNone) node.parent = rank[node.parent];
    }
    for (Slot& slot : table_) {
        if (slot.number != kNone) slot.number = rank[slot.number];
    }
    for (Datum& datum : data_) datum.owner = rank[datum.owner];
    nodes_ = std::move(sorted);
}

// By owner, keeping the order of the file within one.
void ZoneDraft::sort_data() {
    StockVector<uint32_t> start(nodes_.size() + 1, 0, stock_);
    for (const Datum& datum : data_) ++start[datum.owner + 1];
    std::partial_sum(start.begin(), start.end(), start.begin());
    StockVector<Datum> sorted(stock_);
    reserve_in_huge_pages(sorted, data_.size());
    sorted.resize(data_.size());
    for (const Datum& datum : data_) sorted[start[datum.owner]++] = datum;
    data_ = std::move(sorted);
}

// Names and rdata in the order in which everybody will read them: far apart, each would be waited
// for each time.
void ZoneDraft::lay_out() {
    if (std::ranges::is_sorted(nodes_, {}, &Node::name_at)) return;
    const auto fetch = [this](uint64_t at) { base::prefetch(bytes_.data() + at); };
    StockVector<uint8_t> ordered(stock_);
    reserve_in_huge_pages(ordered, bytes_.size());
    const auto move_here = [&](uint64_t& at, size_t size) {
        const uint64_t from = std::exchange(at, ordered.size());
        const auto first = bytes_.begin() + static_cast<ptrdiff_t>(from);
        ordered.insert(ordered.end(), first, first + static_cast<ptrdiff_t>(size));
    };
    size_t next = 0;
    for (size_t i = 0; i < nodes_.size(); ++i) {
        if (i + kAhead < nodes_.size()) fetch(nodes_[i + kAhead].name_at);
        move_here(nodes_[i].name_at, nodes_[i].name_size);
        for (; next < data_.size() && data_[next].owner == i; ++next) {
            if (next + kAhead < data_.size()) fetch(data_[next + kAhead].rdata_at);
            move_here(data_[next].rdata_at, data_[next].rdata_size);
        }
    }
    bytes_ = std::move(ordered);
}

// Removes records that say the same as an earlier one; returns those that stay.
std::span<ZoneDraft::Datum> ZoneDraft::without_repetitions(std::span<Datum> records) const {
    if (records.size() < 2) return records;
    std::set<std::vector<uint8_t>> seen;
    const auto is_repeated = [&](const Datum& datum) {
        const auto type = datum.is_signature ? dns::RRType::RRSIG : datum.type;
        return !seen.insert(dnssec::canonical_rdata(type, rdata(datum))).second;
    };
    const auto end = std::remove_if(records.begin(), records.end(), is_repeated);
    return records.first(static_cast<size_t>(end - records.begin()));
}

// One TTL for the whole set, the lowest (RFC 2181 §5.2 leaves no other choice but to refuse).
void ZoneDraft::settle_ttl(Set& set, std::span<Datum> records) {
    if (set.type == dns::RRType::RRSIG) return;  // RFC 4034 §3: no set in this sense.
    const auto [lowest, highest] = std::ranges::minmax(records, {}, &Datum::ttl);
    const uint32_t ttl = lowest.ttl;
    set.had_mixed_ttls = lowest.ttl != highest.ttl;
    for (Datum& datum : records) datum.ttl = ttl;
}

// Makes records of signatures over nothing. The data of a node are in the order of their ranks.
void ZoneDraft::set_apart_orphans(std::span<Datum> data) {
    for (auto begin = data.begin(); begin != data.end();) {
        const auto type = begin->type;
        const auto end = std::ranges::find_if(
            begin, data.end(), [type](const Datum& datum) { return datum.type != type; });
        const bool covers_nothing = begin->is_signature;  // Records come first.
        for (; begin != end; ++begin) {
            if (!covers_nothing) continue;
            begin->type = dns::RRType::RRSIG;
            begin->is_signature = false;
        }
    }
}

void ZoneDraft::group(Node& node, std::span<Datum> data) {
    const auto rank = [](const Datum& datum) { return std::pair(datum.type, datum.is_signature); };
    const auto sort = [&] {
        if (!std::ranges::is_sorted(data, {}, rank)) std::ranges::stable_sort(data, {}, rank);
    };
    sort();
    set_apart_orphans(data);
    sort();
    node.set_first = static_cast<uint32_t>(sets_.size());
    while (!data.empty()) {
        const auto type = data.front().type;
        const auto of_type =
            std::ranges::find_if(data, [type](const Datum& datum) { return datum.type != type; });
        const auto records = std::ranges::find_if(data.begin(), of_type, &Datum::is_signature);
        const auto record_count = static_cast<size_t>(records - data.begin());
        const auto total = static_cast<size_t>(of_type - data.begin());
        const auto kept = without_repetitions(data.first(record_count));
        const auto signatures =
            without_repetitions(data.subspan(record_count, total - record_count));
        Set set{.first = data.data(),
                .record_count = static_cast<uint32_t>(kept.size()),
                .signature_first = static_cast<uint32_t>(record_count),
                .signature_count = static_cast<uint32_t>(signatures.size()),
                .type = type};
        set.had_repetitions = kept.size() < record_count;
        settle_ttl(set, kept);
        sets_.push_back(set);
        data = data.subspan(total);
    }
    node.set_count = (static_cast<uint32_t>(sets_.size()) - node.set_first) & kSetCountMax;
}

void ZoneDraft::classify() {
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
        Node& node = nodes_[i];
        if (node.parent == kNone || node.is_nsec3()) {
            if (find(node, dns::RRType::DNAME) != nullptr) node.flags |= kDname;
            continue;
        }
        Node& parent = nodes_[node.parent];
        const bool is_wildcard = name(node)[0] == 1 && name(node)[1] == '*';
        if (is_wildcard) parent.wildcard = i;
        if ((parent.flags & kOccluded) != 0) {
            node.hidden_by = parent.hidden_by;
        } else if ((parent.flags & (kDelegation | kDname)) != 0) {
            node.hidden_by = node.parent;
        }
        if (node.hidden_by != kNone) {
            node.flags |= kOccluded;
        } else if (!is_wildcard) {  // NS and DNAME at a wildcard redirect nothing (check_zone
                                    // warns).
            if (find(node, dns::RRType::NS) != nullptr) node.flags |= kDelegation;
            if (find(node, dns::RRType::DNAME) != nullptr) node.flags |= kDname;
        }
    }
}

void ZoneDraft::arrange() {
    mark_nsec3_nodes();
    sort_nodes();
    sort_data();
    lay_out();
    reserve_in_huge_pages(sets_, data_.size());
    std::span<Datum> left = data_;
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
        size_t count = 0;
        while (count < left.size() && left[count].owner == i) ++count;
        group(nodes_[i], left.first(count));
        left = left.subspan(count);
    }
    classify();
    if (stock_) stock_->release();
}

const ZoneDraft::Set* ZoneDraft::find(const Node& node, dns::RRType type) const {
    for (const Set& set : sets(node)) {
        if (set.type == type) return &set;
    }
    return nullptr;
}

uint32_t ZoneDraft::find_node(const HashedName& name, size_t label) const {
    return table_[table_place(name.hash(label), name.suffix(label))].number;
}

}  // namespace nearcast::zone
