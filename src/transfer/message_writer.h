// SPDX-License-Identifier: Apache-2.0
//
// Writes DNS messages of many records, names compressed against all that went before.
//
// Letter case is kept: a name points only to bytes that are the same. One writer makes one message
// after the other in the same memory.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dns/edns.h"
#include "dns/header.h"
#include "zone/image_records.h"

namespace nearcast::transfer {

class MessageWriter {
 public:
    MessageWriter() : room_(dns::kMessageSizeMax), table_(kTableSize) {}

    // Begins a message of at most `limit` bytes.
    void begin(size_t limit);
    // `question` in wire form, name and type and class; before all records.
    void add_question(std::span<const uint8_t> question);
    // False, and nothing added, when it does not fit.
    [[nodiscard]] bool add_answer(const zone::RecordView& record);
    // An OPT record (RFC 6891) with these options, for which the limit has left room.
    void add_opt(uint16_t udp_payload, bool dnssec_ok,
                 std::span<const dns::EdnsOption> options = {});

    // Writes the header; what comes behind (TSIG) counts itself.
    void finish(uint16_t id, uint16_t flags);

    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] size_t record_count() const { return answer_count_; }
    // The whole room: the message is its first size() bytes.
    [[nodiscard]] std::span<uint8_t> room() { return room_; }
    [[nodiscard]] std::span<const uint8_t> message() const { return std::span(room_).first(size_); }

 private:
    static constexpr size_t kTableSize = 4096;  // Names that 16 KiB, what pointers reach, may hold.

    struct Place {
        uint32_t hash = 0;
        uint32_t message = 0;  // Which one it belongs to.
        uint16_t at = 0;
    };

    [[nodiscard]] bool put(std::span<const uint8_t> bytes);
    [[nodiscard]] bool put_u16(uint16_t value);
    [[nodiscard]] bool put_name(std::span<const uint8_t> name);
    [[nodiscard]] bool put_rdata(dns::RRType type, std::span<const uint8_t> rdata);
    [[nodiscard]] size_t find(std::span<const uint8_t> suffix, uint32_t hash) const;
    [[nodiscard]] bool is_at(size_t at, std::span<const uint8_t> suffix) const;

    std::vector<uint8_t> room_;
    std::vector<Place> table_;
    uint32_t message_ = 0;
    size_t size_ = 0;
    size_t limit_ = 0;
    uint16_t question_count_ = 0;
    uint16_t answer_count_ = 0;
    uint16_t additional_count_ = 0;
};

}  // namespace nearcast::transfer
