// SPDX-License-Identifier: Apache-2.0
//
// How much memory all that is being received may take together, whoever sends it.
//
// Each transfer has a share, which grows with what comes and goes back when what came is served or
// thrown away. One that would take more than there is fails, and is tried again later. Any thread.

#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace nearcast::transfer {

class ReceiveBudget {
 public:
    explicit ReceiveBudget(size_t bytes_max) : bytes_max_(bytes_max) {}
    // Half of the machine's memory: the other half is for what is served.
    [[nodiscard]] static size_t half_of_memory();

    [[nodiscard]] size_t bytes_max() const { return bytes_max_; }
    [[nodiscard]] size_t used() const { return used_.load(); }

 private:
    friend class ReceiveShare;

    const size_t bytes_max_;
    std::atomic<size_t> used_ = 0;
};

// Used by one thread.
class ReceiveShare {
 public:
    ReceiveShare() = default;  // Of no budget: it has as much as it wants.
    explicit ReceiveShare(ReceiveBudget* budget) : budget_(budget) {}
    ReceiveShare(ReceiveShare&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)),
          taken_(std::exchange(other.taken_, 0)),
          used_(std::exchange(other.used_, 0)) {}
    ReceiveShare& operator=(ReceiveShare&& other) noexcept {
        std::swap(budget_, other.budget_);
        std::swap(taken_, other.taken_);
        std::swap(used_, other.used_);
        return *this;
    }
    ReceiveShare(const ReceiveShare&) = delete;
    ReceiveShare& operator=(const ReceiveShare&) = delete;
    ~ReceiveShare() {
        if (budget_ != nullptr) budget_->used_.fetch_sub(taken_);
    }

    // False when there is not so much left.
    [[nodiscard]] bool grow(size_t bytes);

 private:
    ReceiveBudget* budget_ = nullptr;
    size_t taken_ = 0;  // From the budget, in large pieces.
    size_t used_ = 0;   // Of that.
};

}  // namespace nearcast::transfer
