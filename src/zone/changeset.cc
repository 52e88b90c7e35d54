// SPDX-License-Identifier: Apache-2.0

#include "zone/changeset.h"

#include <array>
#include <cassert>

#include "base/bytes.h"
#include "dns/name.h"

namespace nearcast::zone {
namespace {

constexpr size_t kHeadSize = 10;  // Type, class, TTL, size of the rdata.
constexpr size_t kClassAt = 2;
constexpr size_t kTtlInHead = 4;
constexpr size_t kRdataSizeInHead = 8;

bool has_one_soa_in_front(std::span<const uint8_t> part) {
    RecordSequence records(part);
    RecordView record;
    if (!records.next(record) || record.type != dns::RRType::SOA) return false;
    while (records.next(record)) {
        if (record.type == dns::RRType::SOA) return false;
    }
    return records.is_at_end();
}

}  // namespace

void Changeset::append(Part& part, const RecordView& record) {
    auto& bytes = part.bytes;
    bytes.insert(bytes.end(), record.owner.begin(), record.owner.end());
    std::array<uint8_t, kHeadSize> head{};
    base::store_u16(head.data(), static_cast<uint16_t>(record.type));
    base::store_u16(head.data() + kClassAt, static_cast<uint16_t>(dns::RRClass::IN));
    base::store_u32(head.data() + kTtlInHead, record.ttl);
    base::store_u16(head.data() + kRdataSizeInHead, static_cast<uint16_t>(record.rdata.size()));
    bytes.insert(bytes.end(), head.begin(), head.end());
    bytes.insert(bytes.end(), record.rdata.begin(), record.rdata.end());
    ++part.count;
}

void Changeset::remove(const RecordView& record) { append(removed_, record); }

void Changeset::add(const RecordView& record) { append(added_, record); }

void Changeset::append(const Changeset& other) {
    for (Part Changeset::* const part : {&Changeset::removed_, &Changeset::added_}) {
        const Part& from = other.*part;
        Part& to = this->*part;
        to.bytes.insert(to.bytes.end(), from.bytes.begin(), from.bytes.end());
        to.count += from.count;
    }
}

uint32_t Changeset::serial_of(const Part& part) {
    RecordSequence records(part.bytes);
    RecordView soa;
    const bool has_soa = records.next(soa) && soa.type == dns::RRType::SOA;
    assert(has_soa);
    return has_soa ? soa_serial(soa.rdata) : 0;
}

bool Changeset::is_complete() const {
    return has_one_soa_in_front(removed_.bytes) && has_one_soa_in_front(added_.bytes);
}

bool RecordSequence::next(RecordView& record) {
    const size_t owner_size = dns::name_size(rest_);
    if (owner_size == 0 || rest_.size() < owner_size + kHeadSize) return false;
    const auto head = rest_.subspan(owner_size, kHeadSize);
    const size_t rdata_size = base::load_u16(head.data() + kRdataSizeInHead);
    const size_t size = owner_size + kHeadSize + rdata_size;
    if (rest_.size() < size) return false;
    record.owner = rest_.first(owner_size);
    record.type = static_cast<dns::RRType>(base::load_u16(head.data()));
    record.ttl = base::load_u32(head.data() + kTtlInHead);
    record.rdata = rest_.subspan(owner_size + kHeadSize, rdata_size);
    rest_ = rest_.subspan(size);
    return true;
}

}  // namespace nearcast::zone
