// SPDX-License-Identifier: Apache-2.0
//
// The server's half of the mutual watch: a thread that restarts a dead guard and kills a silent
// one.
//
// A guard that is stopped or stuck goes on holding the signals, so the node would stay announced
// whatever happened to the server. Killing it makes the kernel drop them; the guard that follows
// raises them again once it has asked every worker. The server answers on all the while. The thread
// also shows in the heartbeat page that the server's process is scheduled at all.

#pragma once

#include <atomic>
#include <thread>

#include "anycast/heartbeat_page.h"
#include "anycast/process.h"
#include "anycast/starvation.h"
#include "base/clock.h"

namespace nearcast::anycast {

// How long nothing was heard, not counting periods in which the listener itself came late.
class SilenceMeter {
 public:
    explicit SilenceMeter(base::Duration limit) : limit_(limit) {}

    // Starts anew; until the first value other than `value` comes, `limit` applies.
    void restart(int64_t value, base::Duration limit);

    // One round: the value seen, the time since the last round and how late the round came. A
    // period that is late by more than a quarter of the limit does not count.
    void observe(int64_t value, base::Duration period, base::Duration lateness);

    [[nodiscard]] bool is_over() const { return silence_ >= current_limit_; }
    [[nodiscard]] bool is_half_over() const { return silence_ >= current_limit_ / 2; }

 private:
    base::Duration limit_;
    base::Duration current_limit_ = limit_;
    base::Duration silence_{};
    int64_t value_ = 0;
};

class GuardWatch {
 public:
    // Publishes this process as the server of `page`, which outlives this, and starts the thread.
    // `inheritance` is handed to guards it starts. Block the signals that this process handles
    // first.
    GuardWatch(HeartbeatPage& page, Inheritance inheritance, base::Duration silence_limit);
    GuardWatch(const GuardWatch&) = delete;
    GuardWatch& operator=(const GuardWatch&) = delete;
    // Ends the watch; the guard is left alone.
    ~GuardWatch();

 private:
    void run();
    void observe(base::Duration period, base::Duration lateness);
    void take_hold();
    void replace(base::Instant now);

    HeartbeatPage& page_;
    Inheritance inheritance_;
    SilenceMeter meter_;
    StarvationMeter starvation_;  // Of the guard.
    Process guard_;
    base::Instant start_at_{};  // When the next guard may be started.
    base::Duration start_delay_ = std::chrono::milliseconds(10);  // Doubles while they die young.
    std::atomic<bool> is_ending_ = false;
    std::thread thread_;
};

}  // namespace nearcast::anycast
