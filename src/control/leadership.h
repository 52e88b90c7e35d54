// SPDX-License-Identifier: Apache-2.0
//
// Which of several controllers on one database does what one alone should do: it moves keys on, and
// looks at parents.
//
// The leader holds an advisory lock of PostgreSQL, on a connection of its own: with the connection
// the lock is gone, and another one takes it. Nothing depends on there being one leader at most;
// what is written is guarded by itself. With SQLite there is one controller, which leads. Any
// thread.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "control/database.h"

namespace nearcast::control {

class Leadership {
 public:
    // How soon another one takes over, and the connection is seen to be gone.
    static constexpr std::chrono::milliseconds kLookPause{500};
    // How long one leads after the database last answered. The database lets go of the lock of one
    // that has vanished after some eleven seconds.
    static constexpr std::chrono::seconds kProofLife{5};

    // `database` outlives it.
    explicit Leadership(Database& database);
    Leadership(const Leadership&) = delete;
    Leadership& operator=(const Leadership&) = delete;
    ~Leadership() { stop(); }

    // `on_gain` is called on a thread of its own each time that this one begins to lead, but not
    // for what is so when this returns.
    void start(std::function<void()> on_gain);
    void stop();

    [[nodiscard]] bool leads() const;

 private:
    void run();
    [[nodiscard]] bool connect();
    // True when it began to lead.
    bool look();
    void lose();

    Database& database_;
    const bool is_alone_;
    std::function<void()> on_gain_;
    std::atomic<base::Instant> leads_until_ = base::Instant::min();
    // Of the thread, once there is one.
    std::unique_ptr<Session> session_;
    bool holds_lock_ = false;

    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace nearcast::control
