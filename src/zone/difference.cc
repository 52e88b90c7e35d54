// SPDX-License-Identifier: Apache-2.0

#include "zone/difference.h"

#include <algorithm>
#include <tuple>

namespace nearcast::zone {
namespace {

// A record of a node, with its rdata kept.
struct Kept {
    dns::RRType type;
    uint32_t ttl;
    std::vector<uint8_t> rdata;
    auto operator<=>(const Kept&) const = default;
};

std::vector<Kept> sorted_records(const Node& node) {
    std::vector<Kept> records;
    NodeRecords walk(node);
    RecordView record;
    while (walk.next(record)) {
        if (record.type == dns::RRType::SOA) continue;  // It has its place in front.
        records.push_back({record.type, record.ttl, {record.rdata.begin(), record.rdata.end()}});
    }
    std::ranges::sort(records);
    return records;
}

bool is_same_set(const RRset& a, const RRset& b) {
    const auto equal_fixups = [](const Fixup& x, const Fixup& y) {
        return x.at == y.at && x.target == y.target;
    };
    return std::ranges::equal(a.body(), b.body()) &&
           std::ranges::equal(a.fixups(), b.fixups(), equal_fixups) &&
           std::ranges::equal(a.signatures(), b.signatures());
}

// Whether the bytes of two nodes with equal owners are the same: then so are their records.
bool is_same(const Node& a, const Node& b) {
    return std::ranges::equal(a.rrsets(), b.rrsets(),
                              [&](const RRsetEntry& x, const RRsetEntry& y) {
                                  return x.type == y.type && is_same_set(a.rrset(x), b.rrset(y));
                              });
}

class Differ {
 public:
    void compare(const NodeOrder& from, const NodeOrder& to);
    void put_soa(const Version& from, const Version& to);
    Changeset take() { return std::move(changes_); }

 private:
    void compare_nodes(const Node& from, const Node& to);
    void remove(const Node& node, const Kept& record) {
        changes_.remove({node.owner(), record.type, record.ttl, record.rdata});
    }
    void add(const Node& node, const Kept& record) {
        changes_.add({node.owner(), record.type, record.ttl, record.rdata});
    }

    Changeset changes_;
};

void Differ::put_soa(const Version& from, const Version& to) {
    uint32_t ttl = 0;
    const auto old_soa = soa_rdata(from, ttl);
    changes_.remove({from.apex().owner(), dns::RRType::SOA, ttl, old_soa});
    const auto new_soa = soa_rdata(to, ttl);
    changes_.add({to.apex().owner(), dns::RRType::SOA, ttl, new_soa});
}

// One of the two may be none.
void Differ::compare_nodes(const Node& from, const Node& to) {
    const bool is_one_name = from && to && std::ranges::equal(from.owner(), to.owner());
    if (is_one_name && is_same(from, to)) return;
    const auto before = sorted_records(from);
    const auto after = sorted_records(to);
    if (!is_one_name) {  // Other letters in the owner make other records.
        for (const Kept& record : before) remove(from, record);
        for (const Kept& record : after) add(to, record);
        return;
    }
    auto old = before.begin();
    auto fresh = after.begin();
    while (old != before.end() || fresh != after.end()) {
        if (fresh == after.end() || (old != before.end() && *old < *fresh)) {
            remove(from, *old++);
        } else if (old == before.end() || *fresh < *old) {
            add(to, *fresh++);
        } else {
            ++old;
            ++fresh;
        }
    }
}

void Differ::compare(const NodeOrder& from, const NodeOrder& to) {
    NodeOrder::Place from_place;
    NodeOrder::Place to_place;
    Node old = from.next(from_place);
    Node fresh = to.next(to_place);
    while (old || fresh) {
        const auto order = !old     ? std::strong_ordering::greater
                           : !fresh ? std::strong_ordering::less
                                    : dns::canonical_order(old.owner(), fresh.owner());
        compare_nodes(order <= 0 ? old : Node(), order >= 0 ? fresh : Node());
        if (order <= 0) old = from.next(from_place);
        if (order >= 0) fresh = to.next(to_place);
    }
}

}  // namespace

Changeset difference(const Version& from, const Version& to) {
    Differ differ;
    differ.put_soa(from, to);
    differ.compare(from.names(), to.names());
    differ.compare(from.nsec3_chain(), to.nsec3_chain());
    return differ.take();
}

}  // namespace nearcast::zone
