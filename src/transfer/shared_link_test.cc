// SPDX-License-Identifier: Apache-2.0

#include "transfer/shared_link.h"

#include <array>
#include <atomic>
#include <csignal>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "dns/message.h"
#include "tls/test_keys.h"
#include "transfer/fake_tls_primary.h"

namespace nearcast::transfer {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<uint8_t>;

// A header with this id, and a byte to tell messages apart.
Bytes message(uint16_t id, uint8_t number = 0) {
    Bytes bytes(13);
    base::store_u16(bytes.data(), id);
    bytes[12] = number;
    return bytes;
}

// As large as one can be.
Bytes large_message(uint16_t id) {
    Bytes bytes = message(id);
    bytes.resize(dns::kMessageSizeMax);
    return bytes;
}

// Of them nobody wants more.
constexpr size_t kUnwantedCount = SharedLink::kUnwantedMax / dns::kMessageSizeMax + 1;

class Shared : public testing::Test {
 protected:
    Shared() { std::signal(SIGPIPE, SIG_IGN); }

    tls::TlsContext server_context() {
        return *tls::TlsContext::for_server(
            {.certificate = folder_.write("server.pem", tls::kServer),
             .key = folder_.write("server.key", tls::kServerKey)});
    }
    base::Instant soon() const { return base::now() + 60s; }

    tls::TestFolder folder_;
    tls::ClientSettings settings_{
        .name = "test", .server_name = "server.example", .ca = folder_.write("ca.pem", tls::kCa)};
    std::atomic<bool> is_stopping_ = false;
};

TEST_F(Shared, AnswersThatComeSideBySideFindTheirQuestions) {
    const FakeTlsPrimary primary(server_context(), [](FakeTlsPrimary::Client& client) {
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.read());  // All, before there is an answer.
        for (uint8_t number = 1; number <= 3; ++number) {
            for (const uint16_t id : std::array<uint16_t, 3>{3, 1, 2})
                client.send(message(id, number));
        }
        EXPECT_FALSE(client.read());
    });
    SharedLinks links(is_stopping_);
    const auto lease = links.get(primary.address(), settings_);
    ASSERT_TRUE(lease.has_value()) << lease.error().message;
    std::vector<std::future<Bytes>> got;
    for (const uint16_t id : std::array<uint16_t, 3>{1, 2, 3}) {
        got.push_back(std::async(std::launch::async, [&, id] {
            const auto answer = lease->link->ask(message(id), soon());
            EXPECT_TRUE(answer.has_value());
            Bytes numbers;
            for (int i = 0; i < 3; ++i) {
                const auto next = (*answer)->read(60s, soon());
                EXPECT_TRUE(next.has_value());
                EXPECT_EQ(base::load_u16(next->data()), id);
                numbers.push_back(next->back());
            }
            return numbers;
        }));
    }
    for (auto& each : got) EXPECT_EQ(each.get(), (Bytes{1, 2, 3}));
}

// Of those who wait one reads for all: when he has his own, or gives up, another must go on.
TEST_F(Shared, WhoStopsReadingLeavesItToAnother) {
    std::promise<void> all_wait;
    std::promise<void> first_has_his;
    const FakeTlsPrimary primary(server_context(), [&](FakeTlsPrimary::Client& client) {
        for (int i = 0; i < 4; ++i) EXPECT_TRUE(client.read());
        all_wait.get_future().wait();
        client.send(message(1));
        first_has_his.get_future().wait();
        for (const uint16_t id : std::array<uint16_t, 2>{2, 3}) client.send(message(id));
        EXPECT_FALSE(client.read());
    });
    SharedLinks links(is_stopping_);
    const auto lease = links.get(primary.address(), settings_);
    ASSERT_TRUE(lease.has_value()) << lease.error().message;
    const auto ask = [&](uint16_t id) { return *lease->link->ask(message(id), soon()); };
    const auto impatient = ask(9);
    const std::vector<std::unique_ptr<SharedLink::Answer>> answers = [&] {
        std::vector<std::unique_ptr<SharedLink::Answer>> asked;
        for (const uint16_t id : std::array<uint16_t, 3>{1, 2, 3}) asked.push_back(ask(id));
        return asked;
    }();
    auto given_up =
        std::async(std::launch::async, [&] { return impatient->read(100ms, soon()).has_value(); });
    std::vector<std::future<bool>> got;
    for (const auto& answer : answers) {
        got.push_back(
            std::async(std::launch::async, [&] { return answer->read(60s, soon()).has_value(); }));
    }
    EXPECT_FALSE(given_up.get());
    all_wait.set_value();
    EXPECT_TRUE(got[0].get());
    first_has_his.set_value();
    EXPECT_TRUE(got[1].get());
    EXPECT_TRUE(got[2].get());
}

TEST_F(Shared, OneConnectionServesAllUntilThePrimaryClosesIt) {
    std::atomic<size_t> connections = 0;
    const FakeTlsPrimary primary(server_context(), [&](FakeTlsPrimary::Client& client) {
        ++connections;
        for (int i = 0; i < 2; ++i) {
            EXPECT_TRUE(client.read());
            client.send(message(7));
        }
    });
    SharedLinks links(is_stopping_);
    for (size_t round = 1; round <= 2; ++round) {
        std::shared_ptr<SharedLink> link;
        for (int i = 0; i < 2; ++i) {
            const auto lease = links.get(primary.address(), settings_);
            ASSERT_TRUE(lease.has_value());
            EXPECT_EQ(lease->is_new, i == 0);
            link = lease->link;
            const auto answer = link->ask(message(7), soon());
            ASSERT_TRUE(answer.has_value()) << answer.error().message;
            EXPECT_TRUE((*answer)->read(60s, soon()).has_value());
        }
        EXPECT_EQ(connections.load(), round);
        for (const base::Instant end = soon(); link->is_usable() && base::now() < end;) {
            std::this_thread::sleep_for(1ms);
        }
        EXPECT_FALSE(link->is_usable());
    }
}

// One that sends one zone after the other, as some do.
TEST_F(Shared, WhoseTurnItIsNotYetWaitsWhileOthersAreServed) {
    constexpr auto kPatience = 2s;
    const FakeTlsPrimary primary(server_context(), [&](FakeTlsPrimary::Client& client) {
        for (int i = 0; i < 2; ++i) EXPECT_TRUE(client.read());
        for (const auto end = base::now() + kPatience + 500ms; base::now() < end;) {
            client.send(message(1));
            std::this_thread::sleep_for(1ms);
        }
        client.send(message(2));
        EXPECT_FALSE(client.read());
    });
    SharedLinks links(is_stopping_);
    const auto lease = links.get(primary.address(), settings_);
    ASSERT_TRUE(lease.has_value()) << lease.error().message;
    const auto first = *lease->link->ask(message(1), soon());
    const auto second = *lease->link->ask(message(2), soon());
    EXPECT_TRUE(second->read(kPatience, soon()).has_value());
    EXPECT_FALSE(second->read(60s, base::now()).has_value());
}

TEST_F(Shared, WhoSendsWhatNobodyAskedForIsGivenUp) {
    const FakeTlsPrimary primary(server_context(), [](FakeTlsPrimary::Client& client) {
        EXPECT_TRUE(client.read());
        for (size_t i = 0; i < kUnwantedCount; ++i) client.send(large_message(9));
        while (client.read()) {
        }
    });
    SharedLinks links(is_stopping_);
    const auto lease = links.get(primary.address(), settings_);
    const auto answer = *lease->link->ask(message(1), soon());
    const auto got = answer->read(60s, soon());
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().message, "the primary sends too much that nobody asked for");
}

// As zones do that were given up half way, now and then in the life of a connection.
TEST_F(Shared, WhatNobodyAskedForIsForgivenWhereAsMuchIsWanted) {
    const FakeTlsPrimary primary(server_context(), [](FakeTlsPrimary::Client& client) {
        while (client.read()) {
            client.send(large_message(9));
            client.send(large_message(1));
        }
    });
    SharedLinks links(is_stopping_);
    const auto lease = links.get(primary.address(), settings_);
    for (size_t i = 0; i <= kUnwantedCount; ++i) {
        const auto answer = lease->link->ask(message(1), soon());
        ASSERT_TRUE(answer.has_value()) << answer.error().message;
        ASSERT_TRUE((*answer)->read(60s, soon()).has_value());
    }
}

TEST_F(Shared, SilenceIsTheTroubleOfTheOneWhoWaits) {
    std::atomic<bool> may_answer = false;
    const FakeTlsPrimary primary(server_context(), [&](FakeTlsPrimary::Client& client) {
        EXPECT_TRUE(client.read());
        may_answer.wait(false);
        client.send(message(1));
        EXPECT_FALSE(client.read());
    });
    SharedLinks links(is_stopping_);
    const auto lease = links.get(primary.address(), settings_);
    {
        const auto answer = lease->link->ask(message(1), soon());
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ((*answer)->read(20ms, soon()).error().message, "no answer in time");
        EXPECT_FALSE(lease->link->is_broken());
        may_answer.store(true);
        may_answer.notify_all();
        EXPECT_TRUE((*answer)->read(60s, soon()).has_value());
    }
}

}  // namespace
}  // namespace nearcast::transfer
