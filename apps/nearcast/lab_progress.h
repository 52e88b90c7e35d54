// SPDX-License-Identifier: Apache-2.0
//
// What `nearcast lab up` shows while it works, and when it is done.

#pragma once

#include <string>

#include "base/clock.h"
#include "lab/build.h"

namespace nearcast {

// A line a step, with the seconds since the start. On a terminal the line of a running step is
// written over; in a file each step has one line.
class LabProgress {
 public:
    LabProgress();

    // Borrows this object.
    [[nodiscard]] lab::Progress reporter();
    void finish();

 private:
    void report(const std::string& step, const std::string& detail);
    void print_line(const char* end) const;

    base::Instant start_;
    bool is_terminal_;
    std::string step_;
    std::string detail_;
};

// What was built and what to try.
void print_welcome(const lab::Topology& topology, const lab::Built& built);

}  // namespace nearcast
