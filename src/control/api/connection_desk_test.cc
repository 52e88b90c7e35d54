// SPDX-License-Identifier: Apache-2.0

#include "control/api/connection_desk.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace nearcast::control_api {
namespace {

using Phase = ConnectionDesk::Phase;

constexpr base::Instant kStart{};

class ConnectionDeskTest : public testing::Test {
 protected:
    // At the second `at`. The other end of it is the client's.
    base::Fd come(const char* address, int at) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
        desk_.add(base::Fd(ends[0]), {*base::parse_ip_address(address), 0}, second(at));
        return base::Fd(ends[1]);
    }

    // The same, and it has a worker, and is being answered.
    base::Fd ask(const char* address) {
        base::Fd client = come(address, 0);
        places_.push_back(desk_.take());
        EXPECT_TRUE(desk_.enter(*places_.back(), Phase::Answering, second(0)));
        return client;
    }

    // Of the one that asked so many before.
    [[nodiscard]] bool enter(size_t place, Phase phase, int at) {
        return desk_.enter(*places_[place], phase, second(at));
    }

    static base::Instant second(int at) { return kStart + std::chrono::seconds(at); }

    static bool is_ended(const base::Fd& client) {
        char byte = 0;
        return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0;
    }

    ConnectionDesk desk_{{.waiting_max = 2, .per_source_max = 4}};
    std::vector<ConnectionDesk::Connection*> places_;
};

TEST_F(ConnectionDeskTest, OfTheSourceWithMostTheOldestGivesWay) {
    const base::Fd alone = ask("192.0.2.1");
    const base::Fd first = ask("192.0.2.2");
    const base::Fd last = ask("192.0.2.2");
    for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(enter(i, Phase::Asking, static_cast<int>(i)));
    const base::Fd next = come("192.0.2.3", 5);
    EXPECT_FALSE(is_ended(alone));
    EXPECT_TRUE(is_ended(first));
    EXPECT_FALSE(is_ended(last));
    EXPECT_FALSE(is_ended(next));
    EXPECT_FALSE(enter(1, Phase::Answering, 5)) << "nothing is to come of its request";
}

TEST_F(ConnectionDeskTest, AnAddressOfTheSameNetworkIsTheSameSource) {
    const base::Fd alone = ask("2001:db8::1");
    const base::Fd first = ask("2001:db8:0:1::1");
    const base::Fd last = ask("2001:db8:0:1::2");
    for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(enter(i, Phase::Asking, static_cast<int>(i)));
    const base::Fd next = come("192.0.2.3", 5);
    EXPECT_FALSE(is_ended(alone));
    EXPECT_TRUE(is_ended(first));
}

TEST_F(ConnectionDeskTest, BetweenTwoRequestsAConnectionGivesWayFirst) {
    const base::Fd asking = ask("192.0.2.1");
    const base::Fd idle = ask("192.0.2.2");
    ASSERT_TRUE(enter(0, Phase::Asking, 0));
    ASSERT_TRUE(enter(1, Phase::Idle, 5));
    const base::Fd next = come("192.0.2.3", 5);
    EXPECT_FALSE(is_ended(asking));
    EXPECT_TRUE(is_ended(idle));
}

TEST_F(ConnectionDeskTest, WhoHasJustBegunHasTime) {
    const base::Fd client = ask("192.0.2.1");
    ASSERT_TRUE(enter(0, Phase::Asking, 5));
    const base::Fd next = come("192.0.2.2", 5);
    EXPECT_FALSE(is_ended(client));
    EXPECT_TRUE(desk_.relieve(second(5)));
    EXPECT_FALSE(is_ended(client));
    EXPECT_TRUE(desk_.relieve(second(6))) << "its worker has not noticed yet";
    EXPECT_TRUE(is_ended(client));
}

TEST_F(ConnectionDeskTest, WhatIsBeingAnsweredIsLeftAlone) {
    const base::Fd client = ask("192.0.2.1");
    const base::Fd next = come("192.0.2.1", 5);
    EXPECT_FALSE(is_ended(client));
    EXPECT_FALSE(is_ended(next));
    EXPECT_FALSE(enter(0, Phase::Idle, 6)) << "its worker is needed";
}

TEST_F(ConnectionDeskTest, WhoHasManyConnectionsTakesHisOwnPlaces) {
    const base::Fd other = ask("192.0.2.9");
    std::vector<base::Fd> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(ask("192.0.2.1"));
    EXPECT_TRUE(is_ended(come("192.0.2.1", 5))) << "there is no place";
    ASSERT_TRUE(enter(0, Phase::Idle, 6));
    ASSERT_TRUE(enter(3, Phase::Idle, 6));
    const base::Fd next = come("192.0.2.1", 7);
    EXPECT_FALSE(is_ended(next));
    EXPECT_TRUE(is_ended(clients[2]));
    EXPECT_FALSE(is_ended(other));
}

TEST_F(ConnectionDeskTest, WhoFindsTooManyWaitingIsTurnedAway) {
    const base::Fd client = ask("192.0.2.1");
    const base::Fd first = come("192.0.2.2", 2);
    const base::Fd second_one = come("192.0.2.3", 3);
    const base::Fd third = come("192.0.2.4", 4);
    EXPECT_FALSE(is_ended(first));
    EXPECT_FALSE(is_ended(second_one));
    EXPECT_TRUE(is_ended(third));
}

TEST_F(ConnectionDeskTest, StoppingEndsAllButWhatIsAnswered) {
    const base::Fd asking = ask("192.0.2.1");
    ASSERT_TRUE(enter(0, Phase::Asking, 1));
    desk_.stop(std::chrono::seconds(0));
    EXPECT_TRUE(is_ended(asking));
    EXPECT_TRUE(is_ended(come("192.0.2.2", 1)));
    EXPECT_EQ(desk_.take(), nullptr);
}

}  // namespace
}  // namespace nearcast::control_api
