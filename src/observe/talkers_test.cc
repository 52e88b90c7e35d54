// SPDX-License-Identifier: Apache-2.0

#include "observe/talkers.h"

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace nearcast::observe {
namespace {

using std::chrono::seconds;

constexpr seconds kMinute{1'800'000'000 / 60 * 60};

class TalkersTest : public testing::Test {
 protected:
    TalkersTest() { peer_.sin_family = AF_INET; }

    // So many messages from this address, each answered with so many bytes.
    void send(uint32_t address, size_t count, seconds now = kMinute, size_t size = 100) {
        peer_.sin_addr.s_addr = htonl(address);
        for (size_t i = 0; i < count; ++i) {
            answer::Exchange exchange{};
            exchange.peer = reinterpret_cast<const sockaddr*>(&peer_);
            exchange.response_size = size;
            talkers_->note({&exchange, 1}, now);
        }
    }
    [[nodiscard]] std::unordered_map<Talkers::Network, Talkers::Told> told(seconds now) const {
        std::unordered_map<Talkers::Network, Talkers::Told> sums;
        talkers_->add_to(sums, now);
        return sums;
    }
    // The estimate for a network, by its text.
    [[nodiscard]] uint64_t messages_of(const std::string& network, seconds now) const {
        for (const auto& [each, told] : told(now)) {
            if (to_text_of_network(each) == network) return told.messages;
        }
        return 0;
    }

    sockaddr_in peer_{};
    std::unique_ptr<Talkers> talkers_ = std::make_unique<Talkers>(0x9E3779B97F4A7C15);
};

TEST_F(TalkersTest, EstimatesWhatEachNetworkSentInTheLastWholeMinute) {
    send(0xC0000201, 32'000);
    send(0xC00002FE, 32'000);
    send(0xCB007101, 16'000);
    EXPECT_TRUE(told(kMinute).empty()) << "the minute is not over";
    const seconds later = kMinute + seconds(61);
    EXPECT_NEAR(static_cast<double>(messages_of("192.0.2.0/24", later)), 64'000, 3'200);
    EXPECT_NEAR(static_cast<double>(messages_of("203.0.113.0/24", later)), 16'000, 1'600);
    for (const auto& [network, told] : told(later)) {
        EXPECT_EQ(told.response_bytes, told.messages * 100);
    }
    EXPECT_TRUE(told(kMinute + seconds(121)).empty()) << "that minute is past";
}

TEST_F(TalkersTest, EachMinuteBeginsAnew) {
    send(0xC0000201, 1'600);
    send(0xCB007101, 1'600, kMinute + seconds(60));
    send(0xC6336401, 1'600, kMinute + seconds(120));
    const seconds later = kMinute + seconds(180);
    EXPECT_EQ(messages_of("192.0.2.0/24", later), 0U);
    EXPECT_EQ(messages_of("203.0.113.0/24", later), 0U);
    EXPECT_GT(messages_of("198.51.100.0/24", later), 0U);
}

// 100,000 networks that each ask once, and one that asks as often as a fiftieth of them.
TEST_F(TalkersTest, KeepsTheOneThatAsksMuchAmongVeryMany) {
    for (uint32_t i = 0; i < 100'000; ++i) {
        send(0x0A000001 + (i << 8), 1);
        if (i % 50 == 0) send(0xC0000201, 1);
    }
    const seconds later = kMinute + seconds(60);
    const uint64_t found = messages_of("192.0.2.0/24", later);
    EXPECT_GT(found, 1'000U);
    EXPECT_LT(found, 4'000U);
    EXPECT_LE(told(later).size(), Talkers::kRows * Talkers::kRowSize);
    for (const auto& [network, told] : told(later)) EXPECT_LE(told.messages, found);
}

TEST_F(TalkersTest, TakesANetworkOfEitherFamily) {
    sockaddr_in6 peer{};
    peer.sin6_family = AF_INET6;
    const std::array<uint8_t, 8> prefix = {0x20, 0x01, 0x0D, 0xB8, 0xAB, 0xCD, 0x12, 0x34};
    std::ranges::copy(prefix, peer.sin6_addr.s6_addr);
    std::vector<answer::Exchange> batch(64);
    for (answer::Exchange& each : batch) each.peer = reinterpret_cast<const sockaddr*>(&peer);
    for (int i = 0; i < 100; ++i) talkers_->note(batch, kMinute);
    const uint64_t found = messages_of("2001:db8:abcd::/48", kMinute + seconds(60));
    EXPECT_NEAR(static_cast<double>(found), 6'400, 1'280);
}

TEST_F(TalkersTest, DoesNotCountTheGuard) {
    answer::Exchange exchange{};
    exchange.peer = reinterpret_cast<const sockaddr*>(&peer_);
    exchange.is_probe = true;
    for (int i = 0; i < 1'000; ++i) talkers_->note({&exchange, 1}, kMinute);
    EXPECT_TRUE(told(kMinute + seconds(60)).empty());
}

// Runs clean under ThreadSanitizer.
TEST_F(TalkersTest, MayBeReadWhileItCounts) {
    std::thread reader([this] {
        for (int i = 0; i < 2'000; ++i) {
            for (const auto& [network, told] : told(kMinute + seconds(60 + i % 120))) {
                ASSERT_LE(told.messages, 10'000'000U);
            }
        }
    });
    for (uint32_t i = 0; i < 20'000; ++i) {
        send(0x0A000001 + (i % 5'000 << 8), 1, kMinute + seconds(i / 100));
    }
    reader.join();
}

}  // namespace
}  // namespace nearcast::observe
