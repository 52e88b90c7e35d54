// SPDX-License-Identifier: Apache-2.0

#include "base/work_ahead.h"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

#include "base/side_by_side.h"

namespace nearcast::base {
namespace {

TEST(WorkAhead, DoesEachNumberOnceBeforeItIsTaken) {
    for (const size_t room : {1U, 2U, 7U, 100U}) {
        constexpr size_t kCount = 1'000;
        std::vector<std::atomic<int>> done(kCount);
        WorkAhead ahead(kCount, room, [&](size_t number) { ++done[number]; });
        for (size_t number = 0; number < kCount; ++number) {
            ahead.take(number);
            ASSERT_EQ(done[number], 1);
        }
    }
}

TEST(WorkAhead, GetsNoFurtherThanThereIsRoom) {
    constexpr size_t kRoom = 3;
    std::atomic<size_t> taken = 0;
    std::atomic<bool> was_too_far = false;
    WorkAhead ahead(1'000, kRoom, [&](size_t number) {
        if (number >= taken + kRoom) was_too_far = true;
    });
    for (size_t number = 0; number < 1'000; ++number) {
        taken = number;
        ahead.take(number);
    }
    EXPECT_FALSE(was_too_far);
}

TEST(WorkAhead, LeavesTheRestWhenItIsOver) {
    std::atomic<size_t> done = 0;
    {
        WorkAhead ahead(1'000, 4, [&](size_t) { ++done; });
        ahead.take(0);
        ahead.take(10);
    }
    EXPECT_GE(done, 11U);
    EXPECT_LE(done, 14U);
}

TEST(WorkAhead, OfNothingIsOverAtOnce) {
    const WorkAhead ahead(0, 4, [](size_t) { FAIL(); });
}

// The first piece waits for another, which comes from a second thread alone.
TEST(WorkAhead, UsesTheCoresThereAre) {
    if (usable_cores() < 2) GTEST_SKIP() << "there is one core";
    std::atomic<bool> is_first_waiting = false;
    std::atomic<bool> has_other_come = false;
    WorkAhead ahead(2, 2, [&](size_t) {
        if (is_first_waiting.exchange(true)) {
            has_other_come = true;
            has_other_come.notify_one();
        } else {
            has_other_come.wait(false);
        }
    });
    ahead.take(0);
    ahead.take(1);
    EXPECT_TRUE(has_other_come);
}

}  // namespace
}  // namespace nearcast::base
