// SPDX-License-Identifier: Apache-2.0

#include "serve/core_spread.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::serve {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A machine of four cores, of which the second and the fourth have workers.
class CoreSpreadTest : public testing::Test {
 protected:
    // What comes in and is taken from one look to the next.
    struct Traffic {
        std::vector<uint32_t> received;
        std::vector<uint64_t> taken;
        uint32_t looped = 0;
    };
    static constexpr uint64_t kMany = CoreSpread::kMessagesMin;

    bool look_after(const Traffic& traffic, base::Duration later = CoreSpread::kInterval) {
        now_ += later;
        for (size_t i = 0; i < 4; ++i) totals_.arrivals.by_core[i] += traffic.received[i];
        for (size_t i = 0; i < 2; ++i) totals_.messages[i] += traffic.taken[i];
        totals_.arrivals.looped += traffic.looped;
        return spread_.look(totals_, now_);
    }
    // How many looks until it changes; 100 when it does not.
    int looks_until_change(const Traffic& traffic) {
        for (int i = 1; i < 100; ++i) {
            if (look_after(traffic)) return i;
        }
        return 100;
    }

    const Traffic spread_over_cores_{{10, 5000, 20, 4000}, {kMany, kMany}};
    const Traffic on_one_core_{{0, 9000, 0, 100}, {kMany, kMany}};
    const Traffic taken_by_one_{{0, 5000, 0, 4000}, {2 * kMany, 10}};
    CoreSpread spread_{{1, 3}};

 private:
    // So that 32 bits pass their end at once.
    CoreSpread::Seen totals_{
        .arrivals = {.by_core = std::vector<uint32_t>(4, UINT32_MAX - 1000), .looped = UINT32_MAX},
        .messages = {7'000'000, 0}};
    base::Instant now_{};
};

TEST_F(CoreSpreadTest, GoesByCoreOnceTwoLooksInARowSawCoresReceiveAlike) {
    EXPECT_FALSE(look_after(spread_over_cores_));  // The first only counts from.
    EXPECT_FALSE(look_after(spread_over_cores_));
    EXPECT_FALSE(look_after(on_one_core_));
    EXPECT_FALSE(look_after(spread_over_cores_));
    EXPECT_FALSE(spread_.is_by_core());
    EXPECT_TRUE(look_after(spread_over_cores_));
    EXPECT_TRUE(spread_.is_by_core());
}

TEST_F(CoreSpreadTest, GoesByTheHashWhereOneCoreReceivesAlmostAll) {
    EXPECT_EQ(looks_until_change(on_one_core_), 100);
}

TEST_F(CoreSpreadTest, GoesByTheHashWhereCoresWithoutAWorkerReceive) {
    EXPECT_EQ(looks_until_change({{2000, 5000, 0, 5000}, {kMany, kMany}}), 100);
}

TEST_F(CoreSpreadTest, DoesNotMindWhatThisMachineAsksItself) {
    EXPECT_EQ(looks_until_change({{0, 5000, 0, 5000}, {kMany, kMany}, 1500}), 100);
}

TEST_F(CoreSpreadTest, LearnsNothingFromAFewMessages) {
    EXPECT_EQ(looks_until_change({{0, 5000, 0, 5000}, {kMany, kMany - 1}}), 100);
}

TEST_F(CoreSpreadTest, LearnsNothingWhereTheKernelDoesNotTell) {
    CoreSpread spread({0, 1});
    for (uint64_t i = 0; i < 10; ++i) {
        EXPECT_FALSE(spread.look({{}, {i * kMany, i * kMany}}, base::Instant() + seconds(i)));
    }
}

TEST_F(CoreSpreadTest, GoesBackOnceOneWorkerTakesAlmostAll) {
    EXPECT_EQ(looks_until_change(spread_over_cores_), 3);
    EXPECT_FALSE(look_after(taken_by_one_));
    EXPECT_FALSE(look_after(spread_over_cores_));
    EXPECT_FALSE(look_after(taken_by_one_));
    EXPECT_TRUE(look_after(taken_by_one_));
    EXPECT_FALSE(spread_.is_by_core());
}

TEST_F(CoreSpreadTest, GoesBackOnceOneCoreReceivesAlmostAll) {
    EXPECT_EQ(looks_until_change(spread_over_cores_), 3);
    EXPECT_EQ(looks_until_change(on_one_core_), 2);
}

TEST_F(CoreSpreadTest, StaysByCoreWhileOtherTrafficHidesWhatCoresReceive) {
    EXPECT_EQ(looks_until_change(spread_over_cores_), 3);
    EXPECT_EQ(looks_until_change({{9000, 9000, 0, 100}, {kMany, kMany}}), 100);
}

// The largest share is not much above an equal one where there are many.
TEST_F(CoreSpreadTest, NoneOfManyMayHaveNothingToDo) {
    const std::vector<uint32_t> received{9000, 9000, 9000, 0};
    CoreSpread with_idle_core({0, 1, 2, 3});
    CoreSpread with_idle_worker({0, 1, 2, 3});
    CoreSpread::Seen idle_core{.arrivals = {.by_core = {0, 0, 0, 0}}, .messages = {0, 0, 0, 0}};
    CoreSpread::Seen idle_worker = idle_core;
    for (int i = 0; i < 20; ++i) {
        for (size_t core = 0; core < 4; ++core) {
            idle_core.arrivals.by_core[core] += received[core];
            idle_core.messages[core] += kMany;
            idle_worker.arrivals.by_core[core] += 9000;
            idle_worker.messages[core] += core == 3 && i >= 10 ? 1 : 2 * kMany;
        }
        const base::Instant now{seconds(i)};
        EXPECT_FALSE(with_idle_core.look(idle_core, now));
        EXPECT_EQ(with_idle_worker.look(idle_worker, now), i == 2 || i == 11) << i;
    }
}

TEST_F(CoreSpreadTest, LooksSeldomWhereThereIsLittleToSee) {
    EXPECT_FALSE(look_after(spread_over_cores_));
    EXPECT_FALSE(look_after(spread_over_cores_));
    EXPECT_EQ(spread_.interval(), CoreSpread::kInterval);
    EXPECT_FALSE(look_after({{0, 0, 0, 0}, {5, 0}}));
    EXPECT_EQ(spread_.interval(), CoreSpread::kIdleInterval);
}

TEST_F(CoreSpreadTest, StaysByCoreWhenTrafficEnds) {
    EXPECT_EQ(looks_until_change(spread_over_cores_), 3);
    EXPECT_EQ(looks_until_change({{0, 0, 0, 0}, {5, 0}}), 100);
    EXPECT_TRUE(spread_.is_by_core());
}

TEST_F(CoreSpreadTest, TriesAgainLaterAndLaterWhatDidNotLast) {
    EXPECT_EQ(looks_until_change(spread_over_cores_), 3);
    EXPECT_EQ(looks_until_change(taken_by_one_), 2);
    EXPECT_EQ(looks_until_change(spread_over_cores_), 41);  // Ten seconds.
    EXPECT_EQ(looks_until_change(taken_by_one_), 2);
    EXPECT_EQ(looks_until_change(spread_over_cores_), 81);
}

TEST_F(CoreSpreadTest, AfterALongGoodTimeItTriesAgainSoon) {
    EXPECT_EQ(looks_until_change(spread_over_cores_), 3);
    EXPECT_EQ(looks_until_change(taken_by_one_), 2);
    EXPECT_EQ(looks_until_change(spread_over_cores_), 41);
    EXPECT_FALSE(look_after(taken_by_one_, minutes(10)));
    EXPECT_TRUE(look_after(taken_by_one_));
    EXPECT_EQ(looks_until_change(spread_over_cores_), 41);
}

}  // namespace
}  // namespace nearcast::serve
