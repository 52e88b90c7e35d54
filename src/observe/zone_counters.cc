// SPDX-License-Identifier: Apache-2.0

#include "observe/zone_counters.h"

#include <bit>
#include <cstdint>
#include <new>

namespace nearcast::observe {
namespace {

// Zeroed pages come from the kernel one by one, when they are first touched.
template <typename T>
T* reserve(size_t count) {
    void* const memory = std::calloc(count, sizeof(T));
    if (memory == nullptr) std::abort();  // At start; as operator new would end it.
    return static_cast<T*>(memory);
}

// calloc() keeps to 16 bytes.
ZoneCounters::Entry* first_entry(std::byte* memory) {
    const size_t beyond = reinterpret_cast<uintptr_t>(memory) % alignof(ZoneCounters::Entry);
    const size_t gap = beyond == 0 ? 0 : alignof(ZoneCounters::Entry) - beyond;
    return reinterpret_cast<ZoneCounters::Entry*>(memory + gap);
}

}  // namespace

uint64_t ZoneCounters::Entry::total() const {
    uint64_t sum = 0;
    for (const Tally& outcome : outcomes) sum += outcome.get();
    return sum;
}

ZoneCounters::ZoneCounters(size_t zones_max)
    : zones_max_(zones_max),
      // At most half full, so that searches stay short.
      shift_(static_cast<unsigned>(64 - std::bit_width(2 * zones_max | 1))),
      mask_((size_t{1} << (64 - shift_)) - 1),
      index_(reserve<uint32_t>(mask_ + 1)),
      memory_(reserve<std::byte>((zones_max + 2) * sizeof(Entry))),
      entries_(first_entry(memory_.get())) {}

ZoneCounters::Entry* ZoneCounters::find_or_make(uint64_t apex_hash) noexcept {
    // Ends: the index is never full.
    for (size_t at = apex_hash >> shift_;; ++at) {
        uint32_t& place = index_[at & mask_];
        if (place != 0) {
            Entry& entry = entries_[place];
            if (entry.apex_hash.load(std::memory_order_relaxed) == apex_hash) return &entry;
            continue;
        }
        const size_t size = size_.load(std::memory_order_relaxed);
        if (size == zones_max_) return nullptr;
        Entry& entry = entries_[size + 1];
        entry.apex_hash.store(apex_hash, std::memory_order_relaxed);
        place = static_cast<uint32_t>(size + 1);
        size_.store(size + 1, std::memory_order_release);
        return &entry;
    }
}

void ZoneCounters::count_elsewhere(uint64_t apex_hash, Outcome outcome, size_t type) noexcept {
    if (Entry* const entry = find_or_make(apex_hash)) {
        entry->outcomes[static_cast<size_t>(outcome)].add();
        entry->types[type].add();
    } else {
        uncounted_.add();
    }
}

}  // namespace nearcast::observe
