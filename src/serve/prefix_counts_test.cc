// SPDX-License-Identifier: Apache-2.0

#include "serve/prefix_counts.h"

#include <map>
#include <random>

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace nearcast::serve {
namespace {

PeerAddress peer(const char* text) {
    PeerAddress address{};
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
    } else {
        EXPECT_EQ(inet_pton(AF_INET6, text, &address.v6.sin6_addr), 1);
        address.v6.sin6_family = AF_INET6;
    }
    return address;
}

TEST(PrefixCounts, ANetworkIsAsLongAsItWasSaid) {
    const PrefixCounts counts(4, {.v4 = 24, .v6 = 48}, 1);
    const auto is_same = [&](const char* a, const char* b) {
        return counts.key_of(peer(a)) == counts.key_of(peer(b));
    };
    EXPECT_TRUE(is_same("192.0.2.1", "192.0.2.255"));
    EXPECT_FALSE(is_same("192.0.2.1", "192.0.3.1"));
    EXPECT_TRUE(is_same("2001:db8:53::1", "2001:db8:53:ffff::"));
    EXPECT_FALSE(is_same("2001:db8:53::1", "2001:db8:54::1"));
    EXPECT_FALSE(is_same("0.0.0.0", "::"));
}

TEST(PrefixCounts, TheEndsOfTheRangeWork) {
    const PrefixCounts none(4, {.v4 = 0, .v6 = 0}, 1);
    EXPECT_EQ(none.key_of(peer("192.0.2.1")), none.key_of(peer("10.0.0.1")));
    EXPECT_EQ(none.key_of(peer("2001:db8::1")), none.key_of(peer("fe80::1")));
    const PrefixCounts all(4, {.v4 = 32, .v6 = 64}, 1);
    EXPECT_NE(all.key_of(peer("192.0.2.1")), all.key_of(peer("192.0.2.2")));
    EXPECT_NE(all.key_of(peer("2001:db8::1")), all.key_of(peer("2001:db8:0:1::1")));
}

// Against a map, with few places and many networks, so that they get into each other's way.
TEST(PrefixCounts, CountsLikeAMap) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 50; ++round) {
        constexpr size_t kMax = 16;
        PrefixCounts counts(kMax, {}, random());
        std::map<PrefixCounts::Key, size_t> expected;
        std::vector<PrefixCounts::Key> held;
        for (int step = 0; step < 1000; ++step) {
            if (held.size() < kMax && random() % 2 == 0) {
                held.push_back(random() % 24);
                counts.add(held.back());
                ++expected[held.back()];
            } else if (!held.empty()) {
                std::swap(held[random() % held.size()], held.back());
                counts.remove(held.back());
                --expected[held.back()];
                held.pop_back();
            }
            for (PrefixCounts::Key key = 0; key < 24; ++key) {
                ASSERT_EQ(counts.count(key), expected[key]);
            }
        }
    }
}

}  // namespace
}  // namespace nearcast::serve
