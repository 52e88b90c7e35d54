// SPDX-License-Identifier: Apache-2.0

#include "zone/image_records.h"

#include <algorithm>
#include <cassert>

#include "base/bytes.h"
#include "zone/rrset_name.h"

namespace nearcast::zone {

void NodeRecords::begin(const Node& node) {
    node_ = node;
    entry_ = 0;
    rrset_ = {};
}

bool NodeRecords::open_set() {
    if (!node_ || entry_ == node_.rrsets().size()) return false;
    rrset_ = node_.rrset(node_.rrsets()[entry_++]);
    at_ = 0;
    is_in_signatures_ = false;
    return true;
}

bool NodeRecords::next(RecordView& record) {
    for (;;) {
        const auto bytes = !rrset_             ? std::span<const uint8_t>()
                           : is_in_signatures_ ? rrset_.signatures()
                                               : rrset_.body();
        if (at_ < bytes.size()) {
            const uint8_t* const head = bytes.data() + at_;
            const size_t from = at_ + kRecordFixedSize;
            const size_t to = from + base::load_u16(head + kRdataSizeAt);
            record.owner = node_.owner();
            record.type = static_cast<dns::RRType>(base::load_u16(head + kTypeAt));
            record.ttl = base::load_u32(head + kTtlAt);
            record.rdata =
                is_in_signatures_ ? bytes.subspan(from, to - from) : expand(bytes, from, to);
            at_ = to;
            return true;
        }
        if (rrset_ && !is_in_signatures_) {
            is_in_signatures_ = true;
            at_ = 0;
        } else if (!open_set()) {
            return false;
        }
    }
}

std::span<const uint8_t> NodeRecords::expand(std::span<const uint8_t> bytes, size_t from,
                                             size_t to) {
    const auto fixups = rrset_.fixups();
    auto fixup = std::ranges::lower_bound(fixups, from, {}, &Fixup::at);
    if (fixup == fixups.end() || fixup->at >= to) return bytes.subspan(from, to - from);
    expanded_.clear();
    for (; fixup != fixups.end() && fixup->at < to; ++fixup) {
        const auto before = bytes.subspan(from, fixup->at - from);
        expanded_.insert(expanded_.end(), before.begin(), before.end());
        NameBytes name;
        const auto tail = read_body_name(rrset_, node_.owner(), fixup->at, name);
        expanded_.insert(expanded_.end(), tail.begin(), tail.end());
        from = fixup->at + sizeof(uint16_t);
    }
    const auto rest = bytes.subspan(from, to - from);
    expanded_.insert(expanded_.end(), rest.begin(), rest.end());
    return expanded_;
}

Node NodeWalk::next() {
    Node node;
    if (!is_in_nsec3_chain_) {
        node = version_.names().next(place_);
        if (node) return node;
        is_in_nsec3_chain_ = true;
        place_ = {};
    }
    return version_.nsec3_chain().next(place_);
}

bool ImageRecords::next(RecordView& record) {
    while (!records_.next(record)) {
        const Node node = nodes_.next();
        if (!node) return false;
        records_.begin(node);
    }
    return true;
}

std::vector<uint8_t> soa_rdata(const Version& version, uint32_t& ttl) {
    NodeRecords records(version.apex());
    RecordView record;
    while (records.next(record)) {
        if (record.type != dns::RRType::SOA) continue;
        ttl = record.ttl;
        return {record.rdata.begin(), record.rdata.end()};
    }
    assert(false);
    return {};
}

uint32_t soa_serial(std::span<const uint8_t> rdata) {
    constexpr size_t kAfterSerial = 20;  // Serial, refresh, retry, expire, minimum.
    return base::load_u32(rdata.data() + rdata.size() - kAfterSerial);
}

}  // namespace nearcast::zone
