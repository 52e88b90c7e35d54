// SPDX-License-Identifier: Apache-2.0
//
// Walks the records of a message, whatever it is: an answer, a part of a transfer, an update.
//
// It looks at no more than it takes to find the next one, and keeps a reference to the bytes. (A
// question on the path of a query has a reader of its own, which is stricter: message.h.)

#pragma once

#include <cstdint>
#include <span>

#include "dns/header.h"
#include "dns/record.h"
#include "dns/wire_reader.h"

namespace nearcast::dns {

enum class Section : uint8_t { Answer, Authority, Additional };

// One record in a message.
struct RecordPlace {
    Section section = Section::Answer;
    RRType type = RRType::None;
    RRClass rr_class = RRClass::IN;
    uint32_t ttl = 0;
    size_t offset = 0;  // Of its owner.
    size_t rdata_offset = 0;
    uint16_t rdata_size = 0;  // It lies in the message.

    [[nodiscard]] std::span<const uint8_t> rdata(std::span<const uint8_t> message) const {
        return message.subspan(rdata_offset, rdata_size);
    }
};

class RecordWalk {
 public:
    // Stands behind the questions.
    explicit RecordWalk(std::span<const uint8_t> message) noexcept;

    // False when there is no further one, or the message is broken there.
    [[nodiscard]] bool next(RecordPlace& place) noexcept;

    // The header, a question or a record is not whole.
    [[nodiscard]] bool is_broken() const { return is_broken_; }
    // All that the header counts has been passed.
    [[nodiscard]] bool is_at_end() const { return !is_broken_ && passed_ == total(); }
    // Bytes behind the last record that was passed.
    [[nodiscard]] size_t remaining() const { return reader_.remaining(); }
    // That of the next record.
    [[nodiscard]] Section section() const;
    [[nodiscard]] size_t count_of(Section section) const;

 private:
    [[nodiscard]] size_t total() const;
    [[nodiscard]] bool skip_questions() noexcept;

    WireReader reader_;
    Header header_;
    size_t passed_ = 0;
    bool is_broken_ = false;
};

// The record that is there, with names spelled out. False when it is not one of its type; the owner
// and the fields before the data are read then, if they can be.
[[nodiscard]] bool read_record(std::span<const uint8_t> message, const RecordPlace& place,
                               Record& record);

}  // namespace nearcast::dns
