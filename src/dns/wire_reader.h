// SPDX-License-Identifier: Apache-2.0
//
// A cursor over a DNS message or over rdata. No read ever leaves the bytes: a short read fails.
//
// After a failed read the position is unchanged. Holds a reference to the bytes, owns nothing.

#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace nearcast::dns {

class WireReader {
 public:
    explicit WireReader(std::span<const uint8_t> message) : message_(message) {}

    // All the bytes, also those already read: what compression pointers count from.
    [[nodiscard]] std::span<const uint8_t> message() const { return message_; }
    [[nodiscard]] size_t offset() const { return offset_; }
    [[nodiscard]] size_t remaining() const { return message_.size() - offset_; }
    [[nodiscard]] std::span<const uint8_t> rest() const { return message_.subspan(offset_); }

    // Moves to `offset`, which must lie inside the bytes or at their end.
    void seek(size_t offset) {
        assert(offset <= message_.size());
        offset_ = offset;
    }

    [[nodiscard]] bool skip(size_t count) {
        if (remaining() < count) return false;
        offset_ += count;
        return true;
    }

    [[nodiscard]] bool read_u8(uint8_t& value) {
        if (remaining() < 1) return false;
        value = message_[offset_++];
        return true;
    }

    [[nodiscard]] bool read_u16(uint16_t& value) {
        if (remaining() < 2) return false;
        value = base::load_u16(message_.data() + offset_);
        offset_ += 2;
        return true;
    }

    [[nodiscard]] bool read_u32(uint32_t& value) {
        if (remaining() < 4) return false;
        value = base::load_u32(message_.data() + offset_);
        offset_ += 4;
        return true;
    }

    [[nodiscard]] bool read_bytes(size_t count, std::span<const uint8_t>& bytes) {
        if (remaining() < count) return false;
        bytes = message_.subspan(offset_, count);
        offset_ += count;
        return true;
    }

 private:
    std::span<const uint8_t> message_;
    size_t offset_ = 0;
};

}  // namespace nearcast::dns
