// SPDX-License-Identifier: Apache-2.0
//
// A number that one thread adds to and any thread reads.

#pragma once

#include <atomic>
#include <cstdint>

namespace nearcast::observe {

class Tally {
 public:
    // Only the owner adds, so a plain load and store will do: no locked instruction.
    void add(uint64_t count = 1) noexcept {
#if defined(__x86_64__)
        // The compiler makes three instructions of the below, and this is on the path of a query.
        static_assert(sizeof value_ == sizeof count);
        asm("addq %1, %0" : "+m"(value_) : "er"(count) : "cc");
#else
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
#endif
    }
    [[nodiscard]] uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
    std::atomic<uint64_t> value_ = 0;
};

}  // namespace nearcast::observe
