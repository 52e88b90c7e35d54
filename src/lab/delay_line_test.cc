// SPDX-License-Identifier: Apache-2.0

#include "lab/delay_line.h"

#include <gtest/gtest.h>

namespace nearcast::lab {
namespace {

using namespace std::chrono_literals;

class DelayLineTest : public testing::Test {
 protected:
    bool push(uint8_t mark, base::Duration after_start) {
        const std::array<uint8_t, 1> packet{mark};
        return line_.push(packet, kStart + after_start);
    }
    // The mark of the packet that comes out by then; -1 for none.
    int pop(base::Duration after_start) {
        const auto packet = line_.due(kStart + after_start);
        if (!packet) return -1;
        const int mark = (*packet)[0];
        line_.pop();
        return mark;
    }

    static constexpr base::Instant kStart{1h};
    DelayLine line_{{.delay = 40ms}, 1};
};

TEST_F(DelayLineTest, HoldsAPacketForItsDelay) {
    push(7, 0ms);
    EXPECT_EQ(line_.next_due(), kStart + 40ms);
    EXPECT_EQ(pop(39ms), -1);
    EXPECT_EQ(pop(40ms), 7);
    EXPECT_EQ(line_.next_due(), std::nullopt);
}

TEST_F(DelayLineTest, KeepsTheOrderUnderJitter) {
    line_.set_quality({.delay = 40ms, .jitter = 30ms});
    for (uint8_t mark = 0; mark < 100; ++mark) push(mark, mark * 1ms);
    for (int mark = 0; mark < 100; ++mark) EXPECT_EQ(pop(1s), mark);
}

TEST_F(DelayLineTest, KeepsTheOrderWhenTheDelayShrinks) {
    push(1, 0ms);
    line_.set_quality({.delay = 1ms});
    push(2, 1ms);
    EXPECT_EQ(pop(39ms), -1);
    EXPECT_EQ(pop(40ms), 1);
    EXPECT_EQ(pop(40ms), 2);
}

TEST_F(DelayLineTest, LosesTheShareItIsToldTo) {
    line_.set_quality({.loss = 0.25});
    int kept = 0;
    for (int i = 0; i < 4000; ++i) {
        kept += push(0, 0ms) ? 1 : 0;
        pop(1s);
    }
    EXPECT_NEAR(kept, 3000, 150);
    EXPECT_EQ(line_.lost(), static_cast<uint64_t>(4000 - kept));
}

TEST_F(DelayLineTest, SwallowsEverythingWhileCut) {
    push(1, 0ms);
    line_.set_cut(true);
    EXPECT_FALSE(push(2, 1ms));
    EXPECT_EQ(pop(1s), -1);
    line_.set_cut(false);
    EXPECT_TRUE(push(3, 2ms));
    EXPECT_EQ(pop(1s), 3);
}

TEST_F(DelayLineTest, DropsWhatDoesNotFitIntoTheQueue) {
    for (size_t i = 0; i < DelayLine::kPacketsMax; ++i) ASSERT_TRUE(push(0, 0ms));
    EXPECT_FALSE(push(1, 0ms));
    EXPECT_EQ(pop(1s), 0);
    EXPECT_TRUE(push(2, 0ms));
}

}  // namespace
}  // namespace nearcast::lab
