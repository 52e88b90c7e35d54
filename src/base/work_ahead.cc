// SPDX-License-Identifier: Apache-2.0

#include "base/work_ahead.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/side_by_side.h"

namespace nearcast::base {

WorkAhead::WorkAhead(size_t count, size_t room, Work work)
    : room_(std::max<size_t>(room, 1)), work_(std::move(work)), is_done_(count) {
    const size_t threads = std::min({size_t{usable_cores()}, count, room_});
    try {
        while (others_.size() + 1 < threads) others_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
        // No more threads are granted: those there are do it.
    }
}

WorkAhead::~WorkAhead() {
    {
        const Lock lock(mutex_);
        is_over_ = true;
    }
    changed_.notify_all();
    others_.clear();
}

void WorkAhead::run() {
    Lock lock(mutex_);
    while (!is_over_ && next_ < is_done_.size()) {
        if (has_room()) {
            do_next(lock);
        } else {
            changed_.wait(lock);
        }
    }
}

void WorkAhead::do_next(Lock& lock) {
    const size_t number = next_++;
    lock.unlock();
    [&]() noexcept { work_(number); }();
    lock.lock();
    is_done_[number] = true;
    changed_.notify_all();
}

void WorkAhead::take(size_t number) {
    Lock lock(mutex_);
    taken_ = number;
    changed_.notify_all();
    while (!is_done_[number]) {
        if (has_room()) {
            do_next(lock);
        } else {
            changed_.wait(lock);
        }
    }
}

}  // namespace nearcast::base
