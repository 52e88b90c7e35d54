// SPDX-License-Identifier: Apache-2.0

#include "zone/block_buffer.h"

#include <algorithm>
#include <utility>

#include "zone/huge_pages.h"

namespace nearcast::zone {
namespace {

constexpr size_t kSizeMin = 1024;

size_t whole_lines(size_t size) {
    return (size + kImageAlignment - 1) / kImageAlignment * kImageAlignment;
}

}  // namespace

BlockBuffer::BlockBuffer(size_t expected) {
    if (expected >= kHugePageSize) foreseen_ = ImageBlock::allocate(whole_lines(expected));
    room_ = foreseen_.bytes();
    if (room_.empty()) grow(expected);
}

void BlockBuffer::grow(size_t size) {
    const bool was_foreseen = static_cast<bool>(foreseen_);
    grown_.resize(std::max({size, 2 * room_.size(), kSizeMin}));
    if (was_foreseen) std::memcpy(grown_.data(), data(), size_);
    foreseen_ = {};
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
