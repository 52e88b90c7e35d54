// SPDX-License-Identifier: Apache-2.0

#include "transfer/refresh_schedule.h"

#include <gtest/gtest.h>

namespace nearcast::transfer {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kStart{1h};
constexpr SoaTimers kTimers{.serial = 7, .refresh = 3600, .retry = 900, .expire = 604800};

TEST(RefreshSchedule, AsksAtOnceAndThenAsTheSoaSays) {
    RefreshSchedule schedule(kStart);
    EXPECT_EQ(schedule.next_at(), kStart);
    schedule.succeed(kTimers, kStart, 0);
    EXPECT_EQ(schedule.next_at(), kStart + 3600s);
    EXPECT_EQ(schedule.expires_at(), kStart + 604800s);
    schedule.fail(kStart + 3600s, 0);
    schedule.fail(kStart + 3602s, 0);
    EXPECT_EQ(schedule.next_at(), kStart + 4502s);
    EXPECT_EQ(schedule.expires_at(), kStart + 604800s);
}

TEST(RefreshSchedule, AFailureThatComesAloneIsMadeUpForSoon) {
    RefreshSchedule schedule(kStart);
    for (int i = 0; i < 2; ++i) {
        schedule.succeed(kTimers, kStart, 0);
        schedule.fail(kStart + 3600s, 0);
        EXPECT_EQ(schedule.next_at(), kStart + 3600s + RefreshSchedule::kFirstPause);
    }
    SoaTimers hasty = kTimers;
    hasty.retry = 1;
    schedule.succeed(hasty, kStart, 0);
    schedule.fail(kStart + 3600s, 0);
    EXPECT_EQ(schedule.next_at(), kStart + 3601s);
}

TEST(RefreshSchedule, ChanceShortensAPauseByAQuarterAtMost) {
    RefreshSchedule schedule(kStart);
    schedule.succeed(kTimers, kStart, 0.999999);
    EXPECT_GE(schedule.next_at(), kStart + 2700s);
    EXPECT_LT(schedule.next_at(), kStart + 2701s);
}

TEST(RefreshSchedule, APrimaryWithLessTimeLeftShortensOursUntilTheNextOne) {
    RefreshSchedule schedule(kStart);
    schedule.succeed(kTimers, kStart, 0);
    schedule.expire_by(kStart + 100s);
    schedule.expire_by(kStart + 200s);
    EXPECT_EQ(schedule.expires_at(), kStart + 100s);
    schedule.succeed(kTimers, kStart, 0);
    EXPECT_EQ(schedule.expires_at(), kStart + 604800s);
}

TEST(RefreshSchedule, NoSoaMakesItAskInALoopOrNever) {
    RefreshSchedule schedule(kStart);
    schedule.succeed({.serial = 1, .refresh = 0, .retry = 0, .expire = 0}, kStart, 0);
    EXPECT_EQ(schedule.next_at(), kStart + RefreshSchedule::kPauseMin);
    schedule.succeed({.serial = 1, .refresh = UINT32_MAX, .retry = 1, .expire = 1}, kStart, 0);
    EXPECT_EQ(schedule.next_at(), kStart + RefreshSchedule::kPauseMax);
}

TEST(RefreshSchedule, WithoutDataThePauseDoublesUpToABound) {
    RefreshSchedule schedule(kStart);
    base::Duration last{};
    for (int i = 0; i < 40; ++i) {
        schedule.fail(kStart, 0);
        EXPECT_GE(schedule.next_at() - kStart, last);
        last = schedule.next_at() - kStart;
    }
    EXPECT_EQ(last, RefreshSchedule::kFirstPauseMax);
}

}  // namespace
}  // namespace nearcast::transfer
