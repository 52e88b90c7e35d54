// SPDX-License-Identifier: Apache-2.0
//
// The threads that fetch zones: as many as there is to do, and one that waits for what comes next.
//
// Whoever takes a piece of work first sees to it that somebody looks after the rest: one that is
// idle, or a new one. So what is due never waits for what is slow, up to kThreadsMax. Those that
// find nothing to do for a while end.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace nearcast::transfer {

class FetchThreads {
 public:
    using Lock = std::unique_lock<std::mutex>;

    // Each takes some 25 KiB of stack, beside what it receives, which ReceiveBudget bounds.
    // Doubled, a server with little memory would notice; halved, so would one that is far from its
    // primary.
    static constexpr size_t kThreadsMax = 64;
    // Bursts of changes come closer together than this.
    static constexpr std::chrono::seconds kLinger{10};

    struct Work {
        // Does the next piece, if its time has come; false when not. It has the lock, lets go of it
        // while it works, and calls rouse() before it does.
        std::function<bool(Lock& lock)> do_next;
        // When do_next() has something to do, as far as is known; max: never. With the lock.
        std::function<base::Instant()> next_at;
        // A thread that runs that; throws std::system_error where none can be had.
        std::function<std::thread(std::function<void()> run)> begin =
            [](std::function<void()> run) { return std::thread(std::move(run)); };
    };

    // The mutex guards what there is to do. It outlives the threads.
    FetchThreads(std::mutex& mutex, Work work, std::chrono::milliseconds linger = kLinger)
        : mutex_(mutex), work_(std::move(work)), linger_(linger) {}
    FetchThreads(const FetchThreads&) = delete;
    FetchThreads& operator=(const FetchThreads&) = delete;
    ~FetchThreads() { stop(); }

    // The first one begins. Without the lock, like stop().
    void start();
    // Waits for what is under way. Nothing is begun any more.
    void stop();

    // There is something to do, or earlier than before, perhaps. With the lock.
    void rouse();
    // With the lock.
    [[nodiscard]] size_t count() const { return threads_.size(); }

 private:
    void run();
    // With the lock, these. False: the thread is not needed any more.
    [[nodiscard]] bool wait(Lock& lock);
    void add();
    void leave();

    std::mutex& mutex_;  // Guards all of this.
    const Work work_;
    const std::chrono::milliseconds linger_;
    bool has_begun_ = false;
    bool is_stopping_ = false;
    bool is_short_ = false;  // The last one could not be had, which has been told.
    std::vector<std::thread> threads_;
    std::vector<std::thread> ended_;  // Have only to be joined.
    // One waits for the time of what comes next, the others until they are called.
    bool has_lookout_ = false;
    base::Instant lookout_until_{};
    std::condition_variable lookout_;
    size_t idle_ = 0;
    std::condition_variable called_;
};

}  // namespace nearcast::transfer
