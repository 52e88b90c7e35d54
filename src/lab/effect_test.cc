// SPDX-License-Identifier: Apache-2.0

#include "lab/effect.h"

#include <gtest/gtest.h>

namespace nearcast::lab {
namespace {

using namespace std::chrono_literals;

constexpr size_t kSin = 1;
constexpr size_t kSyd = 2;

class EffectTest : public testing::Test {
 protected:
    void answered_by(size_t pop, base::Duration at) {
        probes_.push_back({.city = 0,
                           .sent = kActed + at,
                           .answered = kActed + at + 30ms,
                           .pop = pop,
                           .server = {}});
    }
    void lost(base::Duration at) {
        probes_.push_back(
            {.city = 0, .sent = kActed + at, .answered = {}, .pop = {}, .server = {}});
    }
    [[nodiscard]] CityEffect effect() const { return effect_on_city(probes_, kActed, kActed + 2s); }

    static constexpr base::Instant kActed{1h};
    std::vector<Probe> probes_;
};

TEST_F(EffectTest, MeasuresTheGapAndTheMove) {
    answered_by(kSin, -40ms);
    lost(0ms);
    lost(10ms);
    answered_by(kSyd, 20ms);
    answered_by(kSyd, 30ms);
    EXPECT_EQ(effect().before, kSin);
    EXPECT_EQ(effect().after, kSyd);
    EXPECT_EQ(effect().asked, 4U);
    EXPECT_EQ(effect().lost, 2U);
    EXPECT_DOUBLE_EQ(effect().gap_ms, 20);
    EXPECT_DOUBLE_EQ(effect().moved_ms, 50);
}

// A packet already under way is carried on to the next PoP by the routers that have heard.
TEST_F(EffectTest, CountsWhatWasUnderWayWhenItHappened) {
    answered_by(kSin, -40ms);
    answered_by(kSyd, -20ms);
    lost(-10ms);
    answered_by(kSyd, 0ms);
    EXPECT_EQ(effect().before, kSin);
    EXPECT_EQ(effect().after, kSyd);
    EXPECT_EQ(effect().asked, 3U);
    EXPECT_EQ(effect().lost, 1U);
}

TEST_F(EffectTest, SeesAMoveWithoutALoss) {
    answered_by(kSin, -40ms);
    answered_by(kSin, 0ms);
    answered_by(kSyd, 10ms);
    EXPECT_TRUE(effect().has_moved());
    EXPECT_EQ(effect().lost, 0U);
}

TEST_F(EffectTest, KnowsThatNobodyAnswers) {
    answered_by(kSin, -40ms);
    lost(0ms);
    lost(1s);
    EXPECT_EQ(effect().after, std::nullopt);
    EXPECT_DOUBLE_EQ(effect().gap_ms, 2000);
}

TEST_F(EffectTest, NoticesNothingWhereNothingHappens) {
    answered_by(kSin, -40ms);
    answered_by(kSin, 10ms);
    EXPECT_FALSE(effect().has_noticed());
}

TEST_F(EffectTest, LeavesOutQuestionsThatMayStillBeAnswered) {
    answered_by(kSin, 0ms);
    lost(2001ms);
    EXPECT_EQ(effect().lost, 0U);
}

}  // namespace
}  // namespace nearcast::lab
