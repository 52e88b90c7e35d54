// SPDX-License-Identifier: Apache-2.0

#include "zone/block_buffer.h"

#include <algorithm>
#include <utility>

#include "zone/huge_pages.h"
#include "zone/round_up.h"

namespace nearcast::zone {
namespace {

constexpr size_t kSizeMin = 1024;

}  // namespace

BlockBuffer::BlockBuffer(size_t expected) {
    if (expected >= kHugePageSize)
        foreseen_ = ImageBlock::allocate(round_up(expected, kImageAlignment));
    room_ = foreseen_.bytes();
    if (room_.empty()) grow(expected);
}

void BlockBuffer::grow(size_t size) {
    const size_t room = std::max({size, 2 * room_.size(), kSizeMin});
    grown_.reserve(room);
    if (foreseen_) grown_.assign(data(), data() + size_);
    foreseen_ = {};
    grown_.resize(room);
    room_ = grown_;
}

ImageBlock BlockBuffer::take(size_t size) {
    resize(size);
    if (foreseen_ && foreseen_.shrink(size)) return std::move(foreseen_);
    ImageBlock exact = ImageBlock::allocate(size);
    if (exact) std::memcpy(exact.bytes().data(), data(), size);
    return exact;
}

}  // namespace nearcast::zone
