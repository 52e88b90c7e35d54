// SPDX-License-Identifier: Apache-2.0
//
// The bytes of an image while it is written: it grows at its end, and new bytes are zero.
//
// They lie where those of an ImageBlock do, so that a large image whose size was foreseen is not
// copied once more when it is done. Used by one thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "zone/image.h"

namespace nearcast::zone {

class BlockBuffer {
 public:
    // More than the `expected` bytes cost a copy, fewer cost nothing: of a large image they are but
    // address space until they are written.
    explicit BlockBuffer(size_t expected);
    BlockBuffer(const BlockBuffer&) = delete;
    BlockBuffer& operator=(const BlockBuffer&) = delete;

    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] uint8_t* data() { return room_.data(); }

    // `size` is not less than before.
    void resize(size_t size) {
        if (size > room_.size()) grow(size);
        size_ = size;
    }
    void append(std::span<const uint8_t> bytes) {
        const size_t at = size_;
        resize(size_ + bytes.size());
        if (!bytes.empty()) std::memcpy(&room_[at], bytes.data(), bytes.size());
    }

    // All of it, with zeros up to `size`, a multiple of kImageAlignment. Empty when there is no
    // memory. The buffer is of no use any more.
    [[nodiscard]] ImageBlock take(size_t size);

 private:
    void grow(size_t size);

    ImageBlock foreseen_;
    std::vector<uint8_t> grown_;
    std::span<uint8_t> room_;  // Of the one or the other.
    size_t size_ = 0;
};

}  // namespace nearcast::zone
