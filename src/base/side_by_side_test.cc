// SPDX-License-Identifier: Apache-2.0

#include "base/side_by_side.h"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::base {
namespace {

TEST(SideBySide, DoesEachNumberOnce) {
    for (const size_t count : {0U, 1U, 63U, 64U, 1'000U, 10'001U}) {
        std::vector<std::atomic<int>> done(count);
        side_by_side(count, 10, [&](size_t number) { ++done[number]; });
        for (const auto& times : done) EXPECT_EQ(times, 1);
    }
}

TEST(SideBySide, TakesNoThreadForLittle) {
    std::set<std::thread::id> threads;
    side_by_side(19, 10, [&](size_t) { threads.insert(std::this_thread::get_id()); });
    EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

// The first waits for another, which comes from a second thread alone.
TEST(SideBySide, UsesTheCoresThereAre) {
    if (usable_cores() < 2) GTEST_SKIP() << "there is one core";
    std::atomic<bool> is_first_waiting = false;
    std::atomic<bool> has_other_come = false;
    side_by_side(2, 1, [&](size_t) {
        if (is_first_waiting.exchange(true)) {
            has_other_come = true;
            has_other_come.notify_one();
        } else {
            has_other_come.wait(false);
        }
    });
    EXPECT_TRUE(has_other_come);
}

}  // namespace
}  // namespace nearcast::base
