// SPDX-License-Identifier: Apache-2.0

#include "lab/distance.h"

#include <gtest/gtest.h>

namespace nearcast::lab {
namespace {

constexpr GeoPoint kTokyo{35.69, 139.69};
constexpr GeoPoint kSingapore{1.29, 103.85};
constexpr GeoPoint kAuckland{-36.85, 174.76};
constexpr GeoPoint kLosAngeles{34.05, -118.24};

TEST(GreatCircle, MatchesKnownDistances) {
    EXPECT_NEAR(great_circle_km(kTokyo, kSingapore), 5315, 20);
    EXPECT_NEAR(great_circle_km({0, 0}, {0, 180}), 20015, 5);
}

TEST(GreatCircle, TakesTheShortWayOverTheDateLine) {
    EXPECT_NEAR(great_circle_km(kAuckland, kLosAngeles), 10480, 30);
    EXPECT_NEAR(great_circle_km({0, 179}, {0, -179}), 222, 1);
}

TEST(FibreDelay, IsTheGreatCircleTimesTheDetour) {
    EXPECT_NEAR(static_cast<double>(fibre_delay(kTokyo, kSingapore).count()), 37200, 200);
    EXPECT_NEAR(static_cast<double>(fibre_delay(kTokyo, kSingapore, 1.0).count()), 26575, 150);
}

TEST(FibreDelay, HasAFloorWithinACity) { EXPECT_EQ(fibre_delay(kTokyo, kTokyo), Delay(200)); }

}  // namespace
}  // namespace nearcast::lab
