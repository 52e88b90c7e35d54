// SPDX-License-Identifier: Apache-2.0

#include "base/quiescence.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace nearcast::base {

Quiescence::~Quiescence() {
    for (Retired& object : retired_) object.reclaim();
}

// The writer stored its new pointer before it came here. The sequentially consistent step of the
// epoch pairs with Reader::online(): a reader either is seen in its slot with an older epoch, or
// loads its pointers after the new one was stored.
void Quiescence::retire(std::function<void()> reclaim) {
    std::vector<Retired> safe;
    {
        const std::lock_guard lock(mutex_);
        const uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
        retired_.push_back({epoch, std::move(reclaim)});
        safe = take_safe();
    }
    for (Retired& object : safe) object.reclaim();
}

size_t Quiescence::collect() {
    std::vector<Retired> safe;
    size_t waiting = 0;
    {
        const std::lock_guard lock(mutex_);
        safe = take_safe();
        waiting = retired_.size();
    }
    for (Retired& object : safe) object.reclaim();
    return waiting;
}

std::vector<Quiescence::Retired> Quiescence::take_safe() {
    uint64_t oldest = UINT64_MAX;
    for (const auto& slot : slots_) {
        const uint64_t seen = slot->seen.load(std::memory_order_seq_cst);
        if (seen != kOffline) oldest = std::min(oldest, seen);
    }
    // They were retired in the order of their epochs: what is safe stands in front.
    const auto is_safe = [oldest](const Retired& object) { return object.epoch <= oldest; };
    const auto first_read = std::partition_point(retired_.begin(), retired_.end(), is_safe);
    std::vector<Retired> safe(std::make_move_iterator(retired_.begin()),
                              std::make_move_iterator(first_read));
    retired_.erase(retired_.begin(), first_read);
    return safe;
}

Quiescence::Slot& Quiescence::take_slot() {
    const std::lock_guard lock(mutex_);
    for (const auto& slot : slots_) {
        if (!slot->is_taken) {
            slot->is_taken = true;
            return *slot;
        }
    }
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->is_taken = true;
    return *slots_.back();
}

void Quiescence::give_back(Slot& slot) {
    const std::lock_guard lock(mutex_);
    assert(slot.is_taken);
    slot.seen.store(kOffline, std::memory_order_release);
    slot.is_taken = false;
}

}  // namespace nearcast::base
