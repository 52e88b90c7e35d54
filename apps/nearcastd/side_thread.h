// SPDX-License-Identifier: Apache-2.0
//
// A thread for what grows with the number of zones, so that the main thread keeps its time.
//
// Jobs are done one after the other. What is left to do when one is done (its ending) the main
// thread does, when the descriptor is readable.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/fd.h"

namespace nearcast::app {

class SideThread {
 public:
    using Ending = std::move_only_function<void()>;
    using Job = std::move_only_function<Ending()>;

    // Operators' commands, each of a client that waits for it; more is a mistake.
    static constexpr size_t kJobsMax = 64;

    SideThread();
    SideThread(const SideThread&) = delete;
    SideThread& operator=(const SideThread&) = delete;
    // Waits for the job that is under way; all others come to nothing.
    ~SideThread();

    // False when too many wait already. This and what follows is for the main thread.
    [[nodiscard]] bool run(Job job);

    // Readable when there is something to finish().
    [[nodiscard]] int fd() const { return done_event_.get(); }
    void finish();

 private:
    void work();

    base::Fd done_event_;
    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    std::deque<Job> jobs_;
    std::deque<Ending> endings_;
    bool is_stopping_ = false;
    std::thread thread_;  // Last: it uses all the others.
};

}  // namespace nearcast::app
