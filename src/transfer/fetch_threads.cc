// SPDX-License-Identifier: Apache-2.0

#include "transfer/fetch_threads.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace nearcast::transfer {

using base::Instant;
namespace log = base::log;

void FetchThreads::start() {
    const Lock lock(mutex_);
    has_begun_ = true;
    rouse();
}

void FetchThreads::stop() {
    std::vector<std::thread> threads;
    {
        const Lock lock(mutex_);
        is_stopping_ = true;
        threads = std::exchange(threads_, {});
        std::ranges::move(ended_, std::back_inserter(threads));
        ended_.clear();
    }
    lookout_.notify_all();
    called_.notify_all();
    for (std::thread& thread : threads) thread.join();
}

void FetchThreads::rouse() {
    if (!has_begun_ || is_stopping_) return;
    if (has_lookout_) {
        if (work_.next_at() < lookout_until_) lookout_.notify_one();
    } else if (idle_ > 0) {
        called_.notify_one();
    } else if (threads_.size() < kThreadsMax) {
        add();
    }
}

// Without it those that are there do the work, one piece after the other.
void FetchThreads::add() {
    for (std::thread& thread : ended_) thread.join();
    ended_.clear();
    try {
        threads_.push_back(work_.begin([this] { run(); }));
        is_short_ = false;
    } catch (const std::system_error& error) {
        if (std::exchange(is_short_, true)) return;
        log::warning("fetch_thread_missing", {{"reason", error.what()},
                                              {"threads", std::to_string(threads_.size())},
                                              {"try", "a higher limit of tasks or memory"}});
    }
}

void FetchThreads::run() {
    Lock lock(mutex_);
    while (!is_stopping_) {
        if (!work_.do_next(lock) && !is_stopping_ && !wait(lock)) return leave();
    }
}

bool FetchThreads::wait(Lock& lock) {
    if (!has_lookout_) {
        has_lookout_ = true;
        lookout_until_ = work_.next_at();
        if (lookout_until_ == Instant::max()) {
            lookout_.wait(lock);
        } else {
            lookout_.wait_until(lock, lookout_until_);
        }
        has_lookout_ = false;
        return true;
    }
    ++idle_;
    const bool is_called = called_.wait_for(lock, linger_) == std::cv_status::no_timeout;
    --idle_;
    return is_called || !has_lookout_;
}

void FetchThreads::leave() {
    const auto own = std::ranges::find(threads_, std::this_thread::get_id(), &std::thread::get_id);
    if (own == threads_.end()) return;  // stop() has it.
    ended_.push_back(std::move(*own));
    threads_.erase(own);
}

}  // namespace nearcast::transfer
