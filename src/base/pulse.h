// SPDX-License-Identifier: Apache-2.0
//
// What a worker thread shows of its life: counters that it alone writes, once a batch.
//
// It lies in memory that another process may read, so it holds nothing but lock-free atomics. A
// pulse that stands still while questions wait is how a hung worker is told from a busy one.

#pragma once

#include <atomic>
#include <cstdint>

namespace nearcast::base {

struct alignas(64) Pulse {
    std::atomic<uint64_t> batches = 0;  // Rounds of the worker's loop that handled something.
    std::atomic<uint64_t> queries = 0;  // Messages answered, the guard's own probes not counted.
    std::atomic<uint64_t> dropped = 0;  // Messages that got no answer, by rule.
    std::atomic<int32_t> thread = 0;    // The kernel's number of the worker's thread; 0: none yet.

    // Only the owner adds, so a plain load and store will do: no locked instruction.
    static void add(std::atomic<uint64_t>& counter, uint64_t count) {
        counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace nearcast::base
