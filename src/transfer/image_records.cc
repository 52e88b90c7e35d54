// SPDX-License-Identifier: Apache-2.0

#include "transfer/image_records.h"

#include <algorithm>
#include <cassert>

#include "base/bytes.h"

namespace nearcast::transfer {
zone::Node ImageRecords::node_at(size_t index) const {
    const auto regular = image_.order();
    return image_.node(index < regular.size() ? regular[index]
                                              : image_.nsec3_order()[index - regular.size()]);
}

bool ImageRecords::open_set() {
    const size_t count = image_.order().size() + image_.nsec3_order().size();
    while (node_ < count) {
        current_ = node_at(node_);
        if (entry_ < current_.rrsets().size()) {
            rrset_ = current_.rrset(current_.rrsets()[entry_++]);
            at_ = 0;
            is_in_signatures_ = false;
            return true;
        }
        ++node_;
        entry_ = 0;
    }
    return false;
}

bool ImageRecords::next(RecordView& record) {
    for (;;) {
        const auto bytes = !rrset_             ? std::span<const uint8_t>()
                           : is_in_signatures_ ? rrset_.signatures()
                                               : rrset_.body();
        if (at_ < bytes.size()) {
            const uint8_t* const head = bytes.data() + at_;
            const size_t from = at_ + zone::kRecordFixedSize;
            const size_t to = from + base::load_u16(head + zone::kRdataSizeAt);
            record.owner = current_.owner();
            record.type = static_cast<dns::RRType>(base::load_u16(head + zone::kTypeAt));
            record.ttl = base::load_u32(head + zone::kTtlAt);
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

std::span<const uint8_t> ImageRecords::expand(std::span<const uint8_t> bytes, size_t from,
                                              size_t to) {
    const auto fixups = rrset_.fixups();
    auto fixup = std::ranges::lower_bound(fixups, from, {}, &zone::Fixup::at);
    if (fixup == fixups.end() || fixup->at >= to) return bytes.subspan(from, to - from);
    expanded_.clear();
    for (; fixup != fixups.end() && fixup->at < to; ++fixup) {
        const auto before = bytes.subspan(from, fixup->at - from);
        expanded_.insert(expanded_.end(), before.begin(), before.end());
        append_name(fixup->at);
        from = fixup->at + sizeof(uint16_t);
    }
    const auto rest = bytes.subspan(from, to - from);
    expanded_.insert(expanded_.end(), rest.begin(), rest.end());
    return expanded_;
}

// Each pointer leads to the owner, or backwards in the body: this ends.
void ImageRecords::append_name(size_t at) {
    const auto body = rrset_.body();
    for (;;) {
        const uint8_t length = body[at];
        if (length >= zone::kPointerByte) {
            const auto fixups = rrset_.fixups();
            const auto fixup = std::ranges::lower_bound(fixups, at, {}, &zone::Fixup::at);
            assert(fixup != fixups.end() && fixup->at == at);
            if (!fixup->is_in_body()) {
                const auto suffix = current_.owner().last(fixup->target);
                expanded_.insert(expanded_.end(), suffix.begin(), suffix.end());
                return;
            }
            at = fixup->place();
            continue;
        }
        const auto label = body.subspan(at, length + size_t{1});
        expanded_.insert(expanded_.end(), label.begin(), label.end());
        if (length == 0) return;
        at += label.size();
    }
}

std::vector<uint8_t> soa_rdata(const zone::Image& image, uint32_t& ttl) {
    ImageRecords records(image);
    RecordView record;
    while (records.next(record)) {
        if (record.type != dns::RRType::SOA) continue;
        ttl = record.ttl;
        return {record.rdata.begin(), record.rdata.end()};
    }
    assert(false);
    return {};
}

}  // namespace nearcast::transfer
