// SPDX-License-Identifier: Apache-2.0
//
// Time as this project uses it. What decides something takes an Instant as a parameter; only loops
// at the edge of the program call now().

#pragma once

#include <chrono>
#include <ctime>

namespace nearcast::base {

// Monotonic: never set back, comparable between processes of one machine.
using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

[[nodiscard]] inline Instant now() { return std::chrono::steady_clock::now(); }

// The time of day, since 1970: for what other machines are told. It may be set back.
[[nodiscard]] inline std::chrono::nanoseconds unix_now() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace nearcast::base
