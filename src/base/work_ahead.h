// SPDX-License-Identifier: Apache-2.0
//
// Pieces of work that are done ahead, on other cores, of the thread that takes them in order.
//
// That thread works too while it waits. One object serves one such thread.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace nearcast::base {

class WorkAhead {
 public:
    using Work = std::function<void(size_t number)>;

    // Calls `work` once for each number below `count`, from several threads at once where this
    // process has the cores. It gets no further than `room` numbers: that and as many less one
    // before it may have been done and not taken. What `work` throws ends the process.
    WorkAhead(size_t count, size_t room, Work work);
    // Waits for what is being done; the rest is not begun.
    ~WorkAhead();
    WorkAhead(const WorkAhead&) = delete;
    WorkAhead& operator=(const WorkAhead&) = delete;

    // Returns when `number` has been done. In ascending order: those before it are taken.
    void take(size_t number);

 private:
    using Lock = std::unique_lock<std::mutex>;

    void run();
    [[nodiscard]] bool has_room() const {
        return next_ < is_done_.size() && next_ < taken_ + room_;
    }
    void do_next(Lock& lock);

    const size_t room_;
    const Work work_;
    std::mutex mutex_;
    std::condition_variable changed_;  // Any of those below.
    size_t next_ = 0;                  // To be begun.
    size_t taken_ = 0;                 // All before it.
    std::vector<bool> is_done_;        // By number.
    bool is_over_ = false;
    std::vector<std::jthread> others_;
};

}  // namespace nearcast::base
