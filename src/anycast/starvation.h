// SPDX-License-Identifier: Apache-2.0
//
// Tells a thread that hangs from one that gets no processor.
//
// Both show no life. But who hangs waits, is stopped, or runs in a circle; who starves could run,
// and the kernel lets others: a flood does that to whoever answers it.

#pragma once

#include <optional>

#include <sys/types.h>

#include "base/clock.h"

namespace nearcast::anycast {

// A thread of any process, as /proc/PID/task/TID/stat shows it (proc(5)).
struct ThreadState {
    bool is_runnable = false;      // It runs, or waits for a processor and nothing else.
    base::Duration cpu_time = {};  // In all its life, in steps of a clock tick: 10 ms.
};

// None when there is no such thread, or it is not for us to see.
[[nodiscard]] std::optional<ThreadState> look_at_thread(pid_t process, pid_t thread);

// Looks at one thread again and again. One that loops with a small share of a processor looks
// starved in some of the looks, since time comes in ticks: what hangs so is found later, not never.
class StarvationMeter {
 public:
    // Whether the thread was runnable, and had not run since the last look. The first look, and one
    // at another thread than before, finds nobody starving: it has nothing to compare with.
    [[nodiscard]] bool is_starved(pid_t process, pid_t thread);

 private:
    pid_t thread_ = 0;
    base::Duration cpu_time_{};
};

}  // namespace nearcast::anycast
