// SPDX-License-Identifier: Apache-2.0

#include "console/progress_line.h"

#include <gtest/gtest.h>

#include "console/table.h"

namespace nearcast::console {
namespace {

using namespace std::chrono_literals;

TEST(ProgressLine, TellsHowFarItIs) {
    EXPECT_EQ(progress_line({0, 0, 4, 0ms}, "zone", 60),
              "[....................................."
              "...] 0 of 4 zones");
    EXPECT_EQ(progress_line({2, 1, 4, 90s}, "zone", 56),
              "[##########..........] 2 of 4 zones, 1 failed, 1:30 left");
    EXPECT_EQ(progress_line({1, 0, 1, 9s}, "zone", 30), "[################] 1 of 1 zone");
}

TEST(ProgressLine, FitsIntoAnyTerminal) {
    for (size_t width = 1; width < 100; ++width) {
        EXPECT_LE(width_of(progress_line({123, 4, 4567, 9s}, "zone", width)), width);
    }
}

}  // namespace
}  // namespace nearcast::console
