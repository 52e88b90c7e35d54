// SPDX-License-Identifier: Apache-2.0
//
// One line that tells how far long work has come: a bar, how many, how many failed, how long yet.

#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace nearcast::console {

struct Progress {
    size_t done = 0;  // Those that failed too.
    size_t failed = 0;
    size_t total = 0;
    std::chrono::milliseconds taken{};
};

// As wide as `width` at most; the bar goes first where there is little room.
[[nodiscard]] std::string progress_line(const Progress& progress, const std::string& what,
                                        size_t width);

}  // namespace nearcast::console
