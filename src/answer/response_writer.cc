// SPDX-License-Identifier: Apache-2.0

#include "answer/response_writer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "zone/body_writer.h"

namespace nearcast::answer {
namespace {

constexpr size_t kPointerMax = 0x3FFF;  // What fourteen bits reach.
constexpr uint16_t kPointerMark = 0xC000;

uint16_t pointer_to(size_t at) {
    assert(at <= kPointerMax);
    return static_cast<uint16_t>(kPointerMark | at);
}

size_t record_size(const uint8_t* record) {
    return zone::kRecordFixedSize + base::load_u16(record + zone::kRdataSizeAt);
}

bool is_root(const Owner& owner) { return owner.wire.size() == 1; }

void set_owner_pointers(uint8_t* records, size_t size, uint16_t pointer) {
    for (size_t at = 0; at < size; at += record_size(records + at)) {
        base::store_u16(records + at, pointer);
    }
}

}  // namespace

void ResponseWriter::begin(std::span<uint8_t> room, size_t limit,
                           std::span<const uint8_t> question) {
    assert(limit <= room.size() && dns::kHeaderSize + question.size() <= limit);
    data_ = room.data();
    limit_ = limit;
    counts_ = {};
    question_size_ = question.size();
    std::memcpy(data_ + dns::kHeaderSize, question.data(), question.size());
    size_ = dns::kHeaderSize + question.size();
}

bool ResponseWriter::add(Section section, const zone::RRset& rrset, const Owner& owner,
                         const PlacedName& frame, std::span<const uint8_t> rrset_owner) {
    // Up to here every place that a pointer of the body can need is within reach of one.
    const bool is_in_reach = size_ <= zone::BodyWriter::kPointerTargetMax;
    if (!is_in_reach || owner.at == 0) {
        if (is_in_reach && rrset.fixups().empty() && !is_root(owner)) {
            return add_named(section, rrset, owner);
        }
        last_body_at_ = 0;
        if (!add_expanded(rrset, owner, rrset_owner)) return false;
        count_records(section, rrset.record_count());
        return true;
    }
    if (is_root(owner)) return add_of_root(section, rrset, frame);
    const auto body = rrset.body();
    if (body.size() > limit_ - size_) return false;
    uint8_t* const to = data_ + size_;
    std::memcpy(to, body.data(), body.size());
    if (owner.at != dns::kHeaderSize) set_owner_pointers(to, body.size(), pointer_to(owner.at));
    for (const zone::Fixup& fixup : rrset.fixups()) {
        const size_t target =
            fixup.is_in_body() ? size_ + fixup.place() : frame.suffix_at(fixup.target);
        base::store_u16(to + fixup.at, pointer_to(target));
    }
    last_body_at_ = size_;
    first_rdata_at_ = size_ + zone::kRecordFixedSize;
    size_ += body.size();
    count_records(section, rrset.record_count());
    return true;
}

// As add(), of records whose owner is spelled out for the first, and nothing else depends on the
// message.
bool ResponseWriter::add_named(Section section, const zone::RRset& rrset, Owner owner) {
    const size_t start = size_;
    const auto behind_owner = rrset.body().subspan(2);
    if (!put_owner(owner) || !put(behind_owner)) {
        size_ = start;
        return false;
    }
    uint8_t* const records = data_ + size_ - behind_owner.size() - 2;
    const size_t first_size = record_size(records);
    set_owner_pointers(records + first_size, rrset.body().size() - first_size,
                       pointer_to(owner.at));
    last_body_at_ = 0;
    first_rdata_at_ = size_ - behind_owner.size() - 2 + zone::kRecordFixedSize;
    count_records(section, rrset.record_count());
    return true;
}

// As add(): a pointer to the root would be longer than the root. With the one byte in the place of
// each record's pointer, what comes behind moves forward.
bool ResponseWriter::add_of_root(Section section, const zone::RRset& rrset,
                                 const PlacedName& frame) {
    const auto body = rrset.body();
    const size_t record_count = rrset.record_count();
    if (body.size() - record_count > limit_ - size_) return false;
    // Of the records that pointers may lead to: how far the body has moved there is their number.
    std::array<uint16_t, zone::BodyWriter::kPointerTargetMax / zone::kRecordFixedSize + 1> starts;
    size_t moved = 0;
    auto fixups = rrset.fixups();
    for (size_t at = 0; at < body.size(); at += record_size(body.data() + at)) {
        if (moved < starts.size()) starts[moved] = static_cast<uint16_t>(at);
        uint8_t* const to = data_ + size_ + at - moved++;
        const size_t size = record_size(body.data() + at);
        to[0] = 0;
        std::memcpy(to + 1, body.data() + at + 2, size - 2);
        const auto known = std::span(starts).first(std::min(moved, starts.size()));
        for (; !fixups.empty() && fixups.front().at < at + size; fixups = fixups.subspan(1)) {
            const zone::Fixup& fixup = fixups.front();
            const auto behind = std::ranges::upper_bound(known, fixup.place());
            const auto before = static_cast<size_t>(behind - known.begin());
            const size_t target =
                fixup.is_in_body() ? size_ + fixup.place() - before : frame.suffix_at(fixup.target);
            base::store_u16(data_ + size_ + fixup.at - moved, pointer_to(target));
        }
    }
    last_body_at_ = size_;
    first_rdata_at_ = size_ + zone::kRecordFixedSize - 1;
    size_ += body.size() - record_count;
    count_records(section, record_count);
    return true;
}

size_t ResponseWriter::place_in_message(const zone::RRset& rrset, const Owner& owner,
                                        size_t body_at, size_t place) {
    if (body_at == 0 || !is_root(owner)) return body_at == 0 ? 0 : body_at + place;
    const auto body = rrset.body();
    size_t moved = 0;
    for (size_t at = 0; at <= place; at += record_size(body.data() + at)) ++moved;
    return body_at + place - moved;
}

bool ResponseWriter::add_signatures(Section section, const zone::RRset& rrset, const Owner& owner) {
    const auto signatures = rrset.signatures();
    const size_t start = size_;
    if (owner.at != 0 && owner.at <= kPointerMax && !is_root(owner)) {
        if (!put(signatures)) return false;
        if (owner.at != dns::kHeaderSize) {
            set_owner_pointers(data_ + start, signatures.size(), pointer_to(owner.at));
        }
        count_records(section, rrset.signature_count());
        return true;
    }
    Owner placed = owner;
    for (size_t at = 0; at < signatures.size();) {
        const size_t size = record_size(signatures.data() + at);
        if (!put_owner(placed) || !put(signatures.subspan(at + 2, size - 2))) {
            size_ = start;
            return false;
        }
        at += size;
    }
    count_records(section, rrset.signature_count());
    return true;
}

bool ResponseWriter::add_record(Section section, const Owner& owner, const RecordHead& head,
                                std::span<const uint8_t> rdata) {
    std::array<uint8_t, zone::kRecordFixedSize - 2> fixed{};
    base::store_u16(fixed.data(), static_cast<uint16_t>(head.type));
    base::store_u16(fixed.data() + 2, static_cast<uint16_t>(head.rr_class));
    base::store_u32(fixed.data() + 4, head.ttl);
    base::store_u16(fixed.data() + 8, static_cast<uint16_t>(rdata.size()));
    const size_t start = size_;
    Owner placed = owner;
    if (!put_owner(placed) || !put(fixed) || !put(rdata)) {
        size_ = start;
        return false;
    }
    count_records(section, 1);
    return true;
}

// A pointer where one can reach the name and is no longer; else the name, for later ones to point
// to.
bool ResponseWriter::put_owner(Owner& owner) {
    if (is_root(owner)) return put(owner.wire);
    if (owner.at == 0 || owner.at > kPointerMax) {
        owner.at = size_;
        if (owner.tail_at == 0 || owner.tail_at > kPointerMax) return put(owner.wire);
        return put(owner.wire.first(owner.wire.size() - owner.tail_size)) &&
               put_pointer(owner.tail_at);
    }
    return put_pointer(owner.at);
}

bool ResponseWriter::put_pointer(size_t at) {
    if (limit_ - size_ < sizeof(uint16_t)) return false;
    base::store_u16(data_ + size_, pointer_to(at));
    size_ += sizeof(uint16_t);
    return true;
}

// Spells out the name at `at` of the body. Each of its pointers leads to the owner, or backwards in
// the body, so this ends.
bool ResponseWriter::put_name(const zone::RRset& rrset, size_t at,
                              std::span<const uint8_t> rrset_owner) {
    const auto body = rrset.body();
    const auto fixups = rrset.fixups();
    for (;;) {
        const uint8_t length = body[at];
        if (length < zone::kPointerByte) {
            if (!put(body.subspan(at, length + size_t{1}))) return false;
            if (length == 0) return true;
            at += length + size_t{1};
            continue;
        }
        const auto fixup = std::ranges::lower_bound(fixups, at, {}, &zone::Fixup::at);
        assert(fixup != fixups.end() && fixup->at == at);
        if (!fixup->is_in_body()) return put(rrset_owner.last(fixup->target));
        at = fixup->place();
    }
}

// As add(), where pointers may not reach: names in the rdata are spelled out.
bool ResponseWriter::add_expanded(const zone::RRset& rrset, Owner owner,
                                  std::span<const uint8_t> rrset_owner) {
    const auto body = rrset.body();
    const size_t start = size_;
    auto fixups = rrset.fixups();
    for (size_t at = 0; at < body.size();) {
        const size_t end = at + record_size(body.data() + at);
        bool fits = put_owner(owner);
        const size_t fixed_part = size_;
        if (at == 0) first_rdata_at_ = fixed_part + zone::kRecordFixedSize - 2;
        size_t copied = at + 2;
        for (; fits && !fixups.empty() && fixups.front().at < end; fixups = fixups.subspan(1)) {
            const size_t pointer = fixups.front().at;
            fits = put(body.subspan(copied, pointer - copied)) &&
                   put_name(rrset, pointer, rrset_owner);
            copied = pointer + 2;
        }
        if (!fits || !put(body.subspan(copied, end - copied))) {
            size_ = start;
            return false;
        }
        const size_t rdata_size = size_ - fixed_part - (zone::kRecordFixedSize - 2);
        base::store_u16(data_ + fixed_part + zone::kRdataSizeAt - 2,
                        static_cast<uint16_t>(rdata_size));
        at = end;
    }
    return true;
}

void ResponseWriter::set_ttls(size_t start, uint32_t ttl) {
    for (size_t at = start; at < size_;) {
        // Only used where owners are pointers or names without one.
        while (data_[at] != 0 && data_[at] < 0xC0) at += data_[at] + 1U;
        at += data_[at] == 0 ? 1U : 2U;
        base::store_u32(data_ + at + zone::kTtlAt - 2, ttl);
        at += record_size(data_ + at - 2) - 2;
    }
}

std::span<uint8_t> ResponseWriter::append_reserved(size_t size) {
    uint8_t* const at = data_ + size_;
    size_ += size;
    count_records(Section::Additional, 1);
    return {at, size};
}

void ResponseWriter::finish(uint16_t id, uint16_t flags) {
    const dns::Header header{id,         flags,      static_cast<uint16_t>(question_size_ > 0),
                             counts_[0], counts_[1], counts_[2]};
    dns::store_header(header, {data_, dns::kHeaderSize});
}

}  // namespace nearcast::answer
