// SPDX-License-Identifier: Apache-2.0

#include "dns/record_walk.h"

#include "dns/message.h"
#include "dns/rdata.h"

namespace nearcast::dns {

RecordWalk::RecordWalk(std::span<const uint8_t> message) noexcept : reader_(message) {
    if (message.size() < kHeaderSize) {
        is_broken_ = true;
        return;
    }
    header_ = load_header(message);
    reader_.seek(kHeaderSize);
    is_broken_ = !skip_questions();
}

bool RecordWalk::skip_questions() noexcept {
    constexpr size_t kTailSize = 4;  // Type and class.
    for (size_t i = 0; i < header_.question_count; ++i) {
        if (!skip_name(reader_) || !reader_.skip(kTailSize)) return false;
    }
    return true;
}

size_t RecordWalk::count_of(Section section) const {
    switch (section) {
        case Section::Answer:
            return header_.answer_count;
        case Section::Authority:
            return header_.authority_count;
        case Section::Additional:
            break;
    }
    return header_.additional_count;
}

size_t RecordWalk::total() const {
    return size_t{header_.answer_count} + header_.authority_count + header_.additional_count;
}

Section RecordWalk::section() const {
    if (passed_ < header_.answer_count) return Section::Answer;
    const size_t behind_answers = passed_ - header_.answer_count;
    return behind_answers < header_.authority_count ? Section::Authority : Section::Additional;
}

bool RecordWalk::next(RecordPlace& place) noexcept {
    if (is_broken_ || is_at_end()) return false;
    uint16_t type = 0;
    uint16_t rr_class = 0;
    place.section = section();
    place.offset = reader_.offset();
    is_broken_ = !skip_name(reader_) || !reader_.read_u16(type) || !reader_.read_u16(rr_class) ||
                 !reader_.read_u32(place.ttl) || !reader_.read_u16(place.rdata_size) ||
                 reader_.remaining() < place.rdata_size;
    if (is_broken_) return false;
    place.type = static_cast<RRType>(type);
    place.rr_class = static_cast<RRClass>(rr_class);
    place.rdata_offset = reader_.offset();
    reader_.seek(place.rdata_offset + place.rdata_size);
    ++passed_;
    return true;
}

bool read_record(std::span<const uint8_t> message, const RecordPlace& place, Record& record) {
    WireReader reader(message);
    reader.seek(place.offset);
    record.type = place.type;
    record.rr_class = place.rr_class;
    record.ttl = place.ttl;
    record.rdata.clear();
    if (read_name(reader, record.owner) != NameError::None) return false;
    reader.seek(place.rdata_offset);
    return read_rdata(place.type, reader, place.rdata_size, record.rdata);
}

}  // namespace nearcast::dns
