// SPDX-License-Identifier: Apache-2.0

#include "zone/block_stock.h"

#include <algorithm>
#include <cassert>

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include "zone/huge_pages.h"
#include "zone/round_up.h"

namespace nearcast::zone {
namespace {

// A block may be so many times as large as what is asked for: else an array of a few megabytes
// would hold what a text of gigabytes has left.
constexpr size_t kLargerMost = 3;

// For the address sanitizer, where it is built in: what nobody has taken is nobody's to touch.
void allow(const void* start, size_t size) { ASAN_UNPOISON_MEMORY_REGION(start, size); }
void forbid(const void* start, size_t size) { ASAN_POISON_MEMORY_REGION(start, size); }

}  // namespace

BlockStock::~BlockStock() { release(); }

void* BlockStock::take(size_t size) {
    Block* best = nullptr;
    for (Block& block : blocks_) {
        const bool fits = !block.is_taken && block.size >= size && block.size / kLargerMost <= size;
        if (fits && (best == nullptr || block.size < best->size)) best = &block;
    }
    if (best != nullptr) {
        best->is_taken = true;
        allow(best->start, size);
        return best->start;
    }
    release();
    blocks_.reserve(blocks_.size() + 1);
    const size_t pages = round_up(size, kHugePageSize);
    void* const start =
        ::mmap(nullptr, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return nullptr;
    ask_for_huge_pages(start, pages);
    blocks_.push_back({start, pages, true});
    forbid(static_cast<std::byte*>(start) + size, pages - size);
    return start;
}

bool BlockStock::give_back(void* start) noexcept {
    const auto block = std::ranges::find(blocks_, start, &Block::start);
    if (block == blocks_.end()) return false;
    assert(block->is_taken);
    block->is_taken = false;
    forbid(block->start, block->size);
    return true;
}

void BlockStock::release() noexcept {
    std::erase_if(blocks_, [](const Block& block) {
        if (block.is_taken) return false;
        allow(block.start, block.size);  // To what comes to lie there next.
        return ::munmap(block.start, block.size) == 0;
    });
}

size_t BlockStock::size() const {
    size_t total = 0;
    for (const Block& block : blocks_) total += block.size;
    return total;
}

}  // namespace nearcast::zone
