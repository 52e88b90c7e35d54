// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_edit.h"

#include <algorithm>
#include <cassert>
#include <set>

#include "dnssec/canonical_rdata.h"
#include "zone/hashed_name.h"
#include "zone/image_records.h"

namespace nearcast::transfer {
namespace {

using dns::RRType;
using Set = ZoneEdit::Set;
using Node = ZoneEdit::Node;

bool is_equal(const ZoneEdit::Datum& a, const ZoneEdit::Datum& b) {
    return a.ttl == b.ttl && a.rdata == b.rdata;
}

const Set& set_in(const Node& node, RRType type) {
    static const Set none;
    const auto found = node.find(type);
    return found == node.end() ? none : found->second;
}

// Calls `use` for each record of `from` that is not in `other`.
template <typename Use>
void visit_difference(const Node& from, const Node& other, Use use) {
    for (const auto& [type, set] : from) {
        const Set& theirs = set_in(other, type);
        for (const ZoneEdit::Datum& datum : set) {
            const bool is_there = std::ranges::any_of(
                theirs, [&](const ZoneEdit::Datum& each) { return is_equal(datum, each); });
            if (!is_there) use(type, datum);
        }
    }
}

const Set* find_set(const Node& node, RRType type) {
    const auto found = node.find(type);
    return found == node.end() ? nullptr : &found->second;
}

bool is_same_set(const Node& a, const Node& b, RRType type) {
    bool is_same = true;
    const auto note = [&](RRType each, const ZoneEdit::Datum&) { is_same &= each != type; };
    visit_difference(a, b, note);
    visit_difference(b, a, note);
    return is_same;
}

Node load(const zone::Version& version, const dns::Name& owner) {
    Node loaded;
    const zone::HashedName name(owner.wire());
    const zone::Node node = version.find(name.hash(), name.wire());
    if (!node) return loaded;
    zone::NodeRecords records(node);
    zone::RecordView record;
    while (records.next(record)) {
        loaded[record.type].push_back({record.ttl,
                                       {record.rdata.begin(), record.rdata.end()},
                                       dnssec::canonical_rdata(record.type, record.rdata)});
    }
    return loaded;
}

}  // namespace

ZoneEdit::ZoneEdit(const zone::Version& version)
    : source_([version](const dns::Name& owner) { return load(version, owner); }) {}

ZoneEdit::Opened& ZoneEdit::open(const dns::Name& owner) {
    const dns::Name lowered = owner.lowered();
    const auto [place, is_new] =
        opened_.try_emplace(std::string(lowered.wire().begin(), lowered.wire().end()));
    if (is_new) {
        place->second.owner = owner;
        place->second.before = source_(owner);
        place->second.now = place->second.before;
    }
    return place->second;
}

const Set* ZoneEdit::find(const dns::Name& owner, RRType type) { return find_set(at(owner), type); }

void ZoneEdit::put(const dns::Name& owner, RRType type, uint32_t ttl,
                   std::span<const uint8_t> rdata) {
    Set& set = open(owner).now[type];
    Datum datum{ttl, {rdata.begin(), rdata.end()}, dnssec::canonical_rdata(type, rdata)};
    const auto same = std::ranges::find(set, datum.folded, &Datum::folded);
    if (same == set.end()) {
        set.push_back(std::move(datum));
    } else {
        *same = std::move(datum);
    }
    // RFC 2181 §5.2; signatures are no set of their own there.
    if (type == RRType::RRSIG) return;
    for (Datum& each : set) each.ttl = ttl;
}

void ZoneEdit::replace(const dns::Name& owner, RRType type, uint32_t ttl,
                       std::span<const uint8_t> rdata) {
    open(owner).now[type] = {
        {ttl, {rdata.begin(), rdata.end()}, dnssec::canonical_rdata(type, rdata)}};
}

void ZoneEdit::remove_all(const dns::Name& owner, std::span<const RRType> keep) {
    std::erase_if(open(owner).now, [keep](const auto& item) {
        return std::ranges::find(keep, item.first) == keep.end();
    });
}

void ZoneEdit::remove(const dns::Name& owner, RRType type, std::span<const uint8_t> rdata) {
    Node& node = open(owner).now;
    const auto found = node.find(type);
    if (found == node.end()) return;
    const std::vector<uint8_t> folded = dnssec::canonical_rdata(type, rdata);
    std::erase_if(found->second, [&](const Datum& datum) { return datum.folded == folded; });
    if (found->second.empty()) node.erase(found);
}

bool ZoneEdit::has_changes() const {
    return std::ranges::any_of(opened_, [](const auto& item) {
        bool is_changed = false;
        const auto note = [&](RRType, const Datum&) { is_changed = true; };
        visit_difference(item.second.before, item.second.now, note);
        visit_difference(item.second.now, item.second.before, note);
        return is_changed;
    });
}

std::vector<ZoneEdit::ChangedSet> ZoneEdit::changed_sets() const {
    std::vector<ChangedSet> changed;
    for (const auto& [key, opened] : opened_) {
        std::set<RRType> types;
        for (const Node* node : {&opened.before, &opened.now}) {
            for (const auto& [type, set] : *node) types.insert(type);
        }
        for (const RRType type : types) {
            if (is_same_set(opened.before, opened.now, type)) continue;
            changed.push_back(
                {opened.owner, type, find_set(opened.before, type), find_set(opened.now, type)});
        }
    }
    return changed;
}

zone::Changeset ZoneEdit::changes() const {
    zone::Changeset changes;
    const auto visit = [&](bool is_soa) {
        for (const auto& [key, opened] : opened_) {
            const auto owner = opened.owner.wire();
            visit_difference(opened.before, opened.now, [&](RRType type, const Datum& datum) {
                if ((type == RRType::SOA) == is_soa) {
                    changes.remove({owner, type, datum.ttl, datum.rdata});
                }
            });
            visit_difference(opened.now, opened.before, [&](RRType type, const Datum& datum) {
                if ((type == RRType::SOA) == is_soa) {
                    changes.add({owner, type, datum.ttl, datum.rdata});
                }
            });
        }
    };
    visit(true);
    visit(false);
    assert(changes.is_complete());
    return changes;
}

}  // namespace nearcast::transfer
