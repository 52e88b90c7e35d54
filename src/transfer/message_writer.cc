// SPDX-License-Identifier: Apache-2.0

#include "transfer/message_writer.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "dns/edns.h"
#include "dns/name.h"
#include "dns/rdata.h"

namespace nearcast::transfer {
namespace {

constexpr size_t kPointerMax = 0x3FFF;  // What fourteen bits reach.
constexpr uint16_t kPointerMark = 0xC000;
constexpr uint32_t kHashSeed = 2166136261;
constexpr uint32_t kHashFactor = 16777619;

struct Suffixes {
    std::array<uint8_t, dns::kLabelCountMax> starts;
    std::array<uint32_t, dns::kLabelCountMax> hashes;
    size_t count = 0;
};

// Where each suffix but the root begins, and its hash, which is that of the rest and its own label.
void find_suffixes(std::span<const uint8_t> name, Suffixes& suffixes) {
    suffixes.count = 0;
    for (size_t at = 0; name[at] != 0; at += name[at] + 1U) {
        suffixes.starts[suffixes.count++] = static_cast<uint8_t>(at);
    }
    uint32_t hash = kHashSeed;
    for (size_t i = suffixes.count; i-- > 0;) {
        const size_t start = suffixes.starts[i];
        for (const uint8_t byte : name.subspan(start, name[start] + 1U)) {
            hash = (hash ^ byte) * kHashFactor;
        }
        suffixes.hashes[i] = hash;
    }
}

}  // namespace

void MessageWriter::begin(size_t limit) {
    assert(limit <= room_.size());
    limit_ = limit;
    size_ = dns::kHeaderSize;
    question_count_ = answer_count_ = additional_count_ = 0;
    ++message_;
}

bool MessageWriter::put(std::span<const uint8_t> bytes) {
    if (limit_ - size_ < bytes.size()) return false;
    std::ranges::copy(bytes, room_.begin() + static_cast<ptrdiff_t>(size_));
    size_ += bytes.size();
    return true;
}

bool MessageWriter::put_u16(uint16_t value) {
    std::array<uint8_t, 2> bytes{};
    base::store_u16(bytes.data(), value);
    return put(bytes);
}

void MessageWriter::add_question(std::span<const uint8_t> question) {
    assert(size_ == dns::kHeaderSize && question.size() > 4);
    // Through put_name(), so that answers may point to it.
    const bool fits = put_name(question.first(question.size() - 4)) && put(question.last(4));
    assert(fits);
    question_count_ = fits ? 1 : 0;
}

bool MessageWriter::is_at(size_t at, std::span<const uint8_t> suffix) const {
    size_t compared = 0;
    while (compared < suffix.size()) {
        const uint8_t length = room_[at];
        if (length >= kPointerMark >> 8) {
            at = base::load_u16(room_.data() + at) & kPointerMax;
            continue;
        }
        const size_t size = length + size_t{1};
        if (suffix.size() - compared < size ||
            std::memcmp(room_.data() + at, suffix.data() + compared, size) != 0) {
            return false;
        }
        at += size;
        compared += size;
    }
    return true;
}

// Zero when this message has no such name within reach.
size_t MessageWriter::find(std::span<const uint8_t> suffix, uint32_t hash) const {
    const Place& place = table_[hash % kTableSize];
    const bool is_candidate = place.message == message_ && place.hash == hash;
    return is_candidate && is_at(place.at, suffix) ? place.at : 0;
}

bool MessageWriter::put_name(std::span<const uint8_t> name) {
    Suffixes suffixes;
    find_suffixes(name, suffixes);
    size_t pointer = 0;
    size_t known = 0;
    while (known < suffixes.count && pointer == 0) {
        pointer = find(name.subspan(suffixes.starts[known]), suffixes.hashes[known]);
        if (pointer == 0) ++known;
    }
    const size_t start = size_;
    const size_t spelled = pointer == 0 ? name.size() : suffixes.starts[known];
    if (!put(name.first(spelled))) return false;
    if (pointer != 0 && !put_u16(static_cast<uint16_t>(kPointerMark | pointer))) return false;
    for (size_t i = 0; i < known; ++i) {
        const size_t at = start + suffixes.starts[i];
        if (at > kPointerMax) break;
        table_[suffixes.hashes[i] % kTableSize] = {suffixes.hashes[i], message_,
                                                   static_cast<uint16_t>(at)};
    }
    return true;
}

// Only names that RFC 3597 §4 allows to are compressed.
bool MessageWriter::put_rdata(dns::RRType type, std::span<const uint8_t> rdata) {
    const size_t size_at = size_;
    if (!put_u16(0)) return false;
    size_t copied = 0;
    dns::RdataNames names(type, rdata);
    dns::RdataName name;
    while (names.next(name)) {
        if (!name.is_compressible) continue;
        if (!put(rdata.subspan(copied, name.offset - copied)) ||
            !put_name(rdata.subspan(name.offset, name.size))) {
            return false;
        }
        copied = name.offset + name.size;
    }
    if (!put(rdata.subspan(copied))) return false;
    base::store_u16(room_.data() + size_at, static_cast<uint16_t>(size_ - size_at - 2));
    return true;
}

bool MessageWriter::add_answer(const zone::RecordView& record) {
    const size_t start = size_;
    std::array<uint8_t, 8> fixed{};
    base::store_u16(fixed.data(), static_cast<uint16_t>(record.type));
    base::store_u16(fixed.data() + 2, static_cast<uint16_t>(dns::RRClass::IN));
    base::store_u32(fixed.data() + 4, record.ttl);
    if (answer_count_ == UINT16_MAX || !put_name(record.owner) || !put(fixed) ||
        !put_rdata(record.type, record.rdata)) {
        // Names noted beyond the end would lead astray, so the message is over.
        size_ = start;
        limit_ = start;
        return false;
    }
    ++answer_count_;
    return true;
}

void MessageWriter::add_opt(uint16_t udp_payload, bool dnssec_ok,
                            std::span<const dns::EdnsOption> options) {
    constexpr size_t kOptionHeadSize = 4;  // Code and size.
    size_t options_size = 0;
    for (const dns::EdnsOption& option : options) {
        options_size += kOptionHeadSize + option.data.size();
    }
    limit_ = std::max(limit_, size_ + dns::kOptRecordSize + options_size);
    assert(limit_ <= room_.size());
    std::array<uint8_t, dns::kOptRecordSize> record{};
    base::store_u16(record.data() + 1, static_cast<uint16_t>(dns::RRType::OPT));
    base::store_u16(record.data() + 3, udp_payload);
    base::store_u16(record.data() + 7, dnssec_ok ? dns::kEdnsFlagDo : uint16_t{0});
    base::store_u16(record.data() + 9, static_cast<uint16_t>(options_size));
    additional_count_ = put(record) ? 1 : 0;
    for (const dns::EdnsOption& option : options) {
        (void)(put_u16(option.code) && put_u16(static_cast<uint16_t>(option.data.size())) &&
               put(option.data));
    }
}

void MessageWriter::finish(uint16_t id, uint16_t flags) {
    dns::store_header({.id = id,
                       .flags = flags,
                       .question_count = question_count_,
                       .answer_count = answer_count_,
                       .authority_count = 0,
                       .additional_count = additional_count_},
                      room_);
}

}  // namespace nearcast::transfer
