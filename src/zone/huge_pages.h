// SPDX-License-Identifier: Apache-2.0
//
// Memory in huge pages: for what is large and read at random, where a miss in the page tables costs
// more than the data, and a page fault for each 4 KiB more than both.

#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace nearcast::zone {

constexpr size_t kHugePageSize = size_t{2} << 20;

// Only asked for: a system without them gives ordinary ones. `memory` is of whole pages.
inline void ask_for_huge_pages(void* memory, size_t size) {
    (void)::madvise(memory, size, MADV_HUGEPAGE);
}

// Address space for `count` items. Nothing of it becomes memory before it is written, so a count
// that is too high costs nothing. Where the system grants no more than there is memory for, it may
// be too much all the same: then there is none, and the items need room as they come.
template <typename Items>
void reserve_in_huge_pages(Items& items, size_t count) {
    try {
        items.reserve(count);
    } catch (const std::bad_alloc&) {
        return;
    }
    const size_t size = items.capacity() * sizeof(*items.data());
    if (size < 2 * kHugePageSize) return;
    const auto start = reinterpret_cast<uintptr_t>(items.data());
    const size_t gap = (kHugePageSize - start % kHugePageSize) % kHugePageSize;
    ask_for_huge_pages(reinterpret_cast<uint8_t*>(items.data()) + gap,
                       (size - gap) / kHugePageSize * kHugePageSize);
}

}  // namespace nearcast::zone
