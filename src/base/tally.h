// SPDX-License-Identifier: Apache-2.0
//
// Numbers that are added to by one thread, or by many, and that any thread reads.

#pragma once

#include <atomic>
#include <cstdint>

namespace nearcast::base {

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
    // The owner only.
    void set(uint64_t count) noexcept { value_.store(count, std::memory_order_relaxed); }
    [[nodiscard]] uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
    std::atomic<uint64_t> value_ = 0;
};

// Any thread adds, at the price of a locked instruction.
class SharedTally {
 public:
    void add(uint64_t count = 1) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
    [[nodiscard]] uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
    std::atomic<uint64_t> value_ = 0;
};

}  // namespace nearcast::base
