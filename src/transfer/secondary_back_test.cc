// SPDX-License-Identifier: Apache-2.0

// Serials that go back: of whom that is taken.

#include "transfer/secondary_fixture.h"

namespace nearcast::transfer {
namespace {

TEST_F(Announced, AControllerIsFollowedBack) {
    TransferConfig config = config_;
    config.secondaries.front().is_of_controller = true;
    SecondaryZones secondaries(config, table_, *ledger_);
    ASSERT_TRUE(comes_true([&] { return served() == 7; }));
    serial_.store(5);
    EXPECT_EQ(secondaries.hear({.zone = zone_, .peer = primary_.address().ip, .serial = 5}),
              dns::Rcode::NoError);
    EXPECT_TRUE(comes_true([&] { return served() == 5; }));
    EXPECT_EQ(asked(), (std::vector{dns::RRType::AXFR, dns::RRType::SOA, dns::RRType::AXFR}));
    // Its catalog says so, too.
    serial_.store(4);
    secondaries.hint(zone_, 4, /*may_be_back=*/true);
    EXPECT_TRUE(comes_true([&] { return served() == 4; }));
}

TEST_F(Announced, NobodyElseIsFollowedBack) {
    SecondaryZones secondaries(config_, table_, *ledger_);
    ASSERT_TRUE(comes_true([&] { return served() == 7; }));
    serial_.store(5);
    EXPECT_EQ(secondaries.hear({.zone = zone_, .peer = primary_.address().ip, .serial = {}}),
              dns::Rcode::NoError);
    EXPECT_TRUE(comes_true([&] { return secondaries.tallies().failed.get() == 1; }));
    EXPECT_EQ(served(), 7U);
}

// Of two controllers with one database one may be behind for a moment.
TEST_F(Announced, OfTwoControllersTheOneIsFollowedBackWhoseVersionItIs) {
    std::atomic<uint32_t> others = 5;
    const FakePrimary other(
        [&](const FakePrimary::Client& client, const Bytes& request) {
            const std::string soa = std::to_string(others) + " 3600 900 604800";
            send_zone(client, request, version("example.org.", soa));
        },
        "127.0.0.2");
    TransferConfig config = config_;
    config.secondaries.front().is_of_controller = true;
    config.secondaries.front().primaries.push_back(other.address());
    SecondaryZones secondaries(config, table_, *ledger_);
    ASSERT_TRUE(comes_true([&] { return served() == 7; }));
    const auto hear = [&](const FakePrimary& primary) {
        EXPECT_EQ(secondaries.hear({.zone = zone_, .peer = primary.address().ip, .serial = {}}),
                  dns::Rcode::NoError);
    };
    hear(other);
    ASSERT_TRUE(comes_true([&] { return secondaries.tallies().current.get() == 1; }));
    EXPECT_EQ(secondaries.tallies().failed.get(), 1U);
    EXPECT_EQ(served(), 7U);
    serial_.store(6);
    hear(primary_);
    EXPECT_TRUE(comes_true([&] { return served() == 6; }));
    // Now it is ahead, and then the other one goes back.
    others.store(8);
    hear(other);
    ASSERT_TRUE(comes_true([&] { return served() == 8; }));
    others.store(3);
    hear(other);
    EXPECT_TRUE(comes_true([&] { return served() == 3; }));
}

}  // namespace
}  // namespace nearcast::transfer
