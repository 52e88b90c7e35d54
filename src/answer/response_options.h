// SPDX-License-Identifier: Apache-2.0
//
// The OPT record of one response (RFC 6891 §6.1): the one place where its options are collected.
//
// What is known beforehand is added before the sections are written, so that they leave room for
// it. What is only known at the end, the reason of a refusal and the padding, takes of the room
// that is left and never more: no answer is truncated because of it. Allocates nothing.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "answer/response_writer.h"
#include "dns/edns.h"
#include "dns/header.h"

namespace nearcast::answer {

class ResponseOptions {
 public:
    // NSID 68, cookie 44, EXPIRE 8, keepalive 6 and our own 6 bytes are 132. With a header and the
    // longest question they must stay below 512 bytes, which is all that some clients take.
    static constexpr size_t kDataSizeMax = 160;

    // Begins anew. A response has OPT if the query `has_opt`, and only then (RFC 6891 §7): without
    // it all that follows comes to nothing.
    void begin(bool has_opt) {
        has_opt_ = has_opt;
        size_ = 0;
        reason_.reset();
        block_size_ = 0;
    }

    // Before size() is asked for. All of them together have at most kDataSizeMax bytes.
    void add(uint16_t code, std::span<const uint8_t> data);
    void add_u16(uint16_t code, uint16_t value);
    void add_u32(uint16_t code, uint32_t value);

    // The bytes to reserve: zero when there is no OPT.
    [[nodiscard]] size_t size() const { return has_opt_ ? dns::kOptRecordSize + size_ : 0; }

    // Says why (RFC 8914), in as far as there is room.
    void explain(std::optional<dns::ExtendedError> reason) { reason_ = reason; }

    // Fills the message up to a multiple of `block_size`, or to all the room there is (RFC 8467
    // §4.1). Zero: not.
    void pad_to(size_t block_size) { block_size_ = block_size; }

    struct Head {
        dns::Rcode rcode = dns::Rcode::NoError;
        uint16_t udp_payload = 0;
        bool dnssec_ok = false;
        size_t reserved = 0;  // Bytes that somebody else adds behind: they count when padding.
    };

    // Adds the record to a message with size() bytes reserved for it, after all sections.
    void append_to(ResponseWriter& writer, const Head& head) const;

 private:
    [[nodiscard]] size_t padding_for(size_t message_size, size_t room) const;

    bool has_opt_ = false;
    size_t size_ = 0;
    std::array<uint8_t, kDataSizeMax> data_;  // Whole options.
    std::optional<dns::ExtendedError> reason_;
    size_t block_size_ = 0;
};

}  // namespace nearcast::answer
