// SPDX-License-Identifier: Apache-2.0

#include "anycast/drain_proof.h"

#include <gtest/gtest.h>

namespace nearcast::anycast {
namespace {

using namespace std::chrono_literals;

class DrainProofTest : public testing::Test {
 protected:
    void run(base::Duration time, uint64_t rate) {
        for (const base::Instant end = now_ + time; now_ < end; now_ += 250ms) {
            proof_.observe(now_, count_);
            count_ += rate / 4;
        }
    }

    void drain_from(uint64_t rate) {
        run(2s, rate);
        proof_.begin(now_);
    }

    DrainProof proof_;
    base::Instant now_{1h};
    uint64_t count_ = 12345;
};

TEST_F(DrainProofTest, SeesTheTrafficLeaveAndWhen) {
    drain_from(1000);
    run(3s, 1000);
    EXPECT_FALSE(proof_.has_left());
    run(5s, 4);
    EXPECT_TRUE(proof_.has_left());
    EXPECT_NEAR(proof_.rate_before(), 1000, 1);
    EXPECT_LE(proof_.rate(), 10);
    EXPECT_GE(proof_.time_to_quiet(), 2s);
    EXPECT_LE(proof_.time_to_quiet(), 4s);
}

TEST_F(DrainProofTest, APauseIsNoProof) {
    drain_from(1000);
    for (int i = 0; i < 5; ++i) {
        run(2s, 0);
        run(2s, 1000);
        ASSERT_FALSE(proof_.has_left());
    }
}

TEST_F(DrainProofTest, TrafficThatStaysIsNoProof) {
    drain_from(1000);
    run(1min, 20);
    EXPECT_FALSE(proof_.has_left());
}

TEST_F(DrainProofTest, AnIdleNodeIsProvenSoon) {
    drain_from(0);
    run(5s, 0);
    EXPECT_TRUE(proof_.has_left());
}

TEST_F(DrainProofTest, AServerStartedAnewIsNoFlood) {
    drain_from(1000);
    run(2s, 0);
    count_ = 0;
    run(3s, 0);
    EXPECT_TRUE(proof_.has_left());
}

}  // namespace
}  // namespace nearcast::anycast
