// SPDX-License-Identifier: Apache-2.0

#include "control/soa_serial.h"

#include <gtest/gtest.h>

namespace nearcast::control {
namespace {

using std::chrono::seconds;

constexpr seconds kNow{1'764'115'200};  // 2025-11-26

TEST(NextEditedSerial, FollowsTheSetting) {
    EXPECT_EQ(next_edited_serial("DEFAULT", 7, {}, kNow), 2025112601U);
    EXPECT_EQ(next_edited_serial("DEFAULT", 2025112601, {}, kNow), 2025112602U);
    EXPECT_EQ(next_edited_serial("EPOCH", 7, {}, kNow), 1764115200U);
    EXPECT_EQ(next_edited_serial("INCREASE", 7, {}, kNow), 8U);
    EXPECT_EQ(next_edited_serial("", 7, {}, kNow), 8U);
}

TEST(NextEditedSerial, NeverGoesBack) {
    EXPECT_EQ(next_edited_serial("DEFAULT", 4'000'000'000, {}, kNow), 4'000'000'001U);
    EXPECT_EQ(next_edited_serial("INCREASE", 4'000'000'000, {}, kNow), 4'000'000'001U);
    EXPECT_EQ(next_edited_serial("INCREASE", 0xFFFFFFFF, {}, kNow), 1U);
    EXPECT_EQ(next_edited_serial("INCREASE", 7, 5, kNow), 8U);
}

TEST(NextEditedSerial, TakesALaterOneThatWasSent) {
    EXPECT_EQ(next_edited_serial("INCREASE", 7, 20, kNow), 20U);
    EXPECT_EQ(next_edited_serial("DEFAULT", 7, 20, kNow), 2025112601U);
}

TEST(SerialIn, IsTheThirdOfSevenWords) {
    EXPECT_EQ(serial_in("a. b. 12 1 2 3 4"), 12U);
    EXPECT_FALSE(serial_in("a. b. 12 1 2 3"));
    EXPECT_FALSE(serial_in("a. b. x 1 2 3 4"));
    EXPECT_EQ(with_serial("a. b. 12 1 2 3 4", 99), "a. b. 99 1 2 3 4");
}

}  // namespace
}  // namespace nearcast::control
