// SPDX-License-Identifier: Apache-2.0

#include "control/refusals.h"

#include <gtest/gtest.h>

namespace nearcast::control {
namespace {

base::IpAddress address(const char* text) { return *base::parse_ip_address(text); }

constexpr base::Instant kStart{std::chrono::hours(1)};

TEST(Refusals, HoldOffWhoComesTooOften) {
    Refusals refusals;
    for (unsigned i = 0; i < Refusals::kRefusalsMax; ++i) {
        EXPECT_FALSE(refusals.is_held_off(address("192.0.2.1"), kStart));
        EXPECT_EQ(refusals.add(address("192.0.2.1"), kStart), i == 0);
    }
    EXPECT_TRUE(refusals.is_held_off(address("192.0.2.1"), kStart));
    EXPECT_FALSE(refusals.is_held_off(address("192.0.2.2"), kStart));
    EXPECT_FALSE(refusals.is_held_off(address("192.0.2.1"), kStart + Refusals::kPeriod));
    EXPECT_TRUE(refusals.add(address("192.0.2.1"), kStart + Refusals::kPeriod));
}

TEST(Refusals, TakeANetworkOfIpv6AsOne) {
    Refusals refusals;
    for (unsigned i = 0; i < Refusals::kRefusalsMax; ++i) {
        refusals.add(address(i % 2 == 0 ? "2001:db8::1" : "2001:db8::2"), kStart);
    }
    EXPECT_TRUE(refusals.is_held_off(address("2001:db8::3"), kStart));
    EXPECT_FALSE(refusals.is_held_off(address("2001:db8:0:1::1"), kStart));
}

TEST(Refusals, AreForgottenWhenThereAreTooMany) {
    Refusals refusals;
    for (size_t i = 0; i < 2 * Refusals::kSourcesMax; ++i) {
        refusals.add({{10, static_cast<uint8_t>(i >> 16), static_cast<uint8_t>(i >> 8),
                       static_cast<uint8_t>(i)},
                      false},
                     kStart);
    }
    EXPECT_FALSE(refusals.is_held_off(address("10.0.0.0"), kStart));
}

}  // namespace
}  // namespace nearcast::control
