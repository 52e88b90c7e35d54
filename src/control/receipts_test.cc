// SPDX-License-Identifier: Apache-2.0

#include "control/receipts.h"

#include <future>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using transfer::ServedReport;

const dns::Name kCatalog = *dns::parse_name("catalog.nearcast.");
const dns::Name kZone = *dns::parse_name("example.org.");
const dns::Name kOther = *dns::parse_name("example.net.");

class OfReceipts : public testing::TestWithParam<Database::Dialect> {
 protected:
    void open() {
        receipts.reset();
        receipts = std::make_unique<Receipts>(*database, network, [this] { return now; });
    }
    OfReceipts() { open(); }

    // Changes of the zone, committed now.
    void commit(uint64_t sequence, const dns::Name& zone = kZone) {
        Change change;
        change.sequence = sequence;
        change.zone = zone;
        change.at = now;
        receipts->note_changes({&change, 1});
    }
    void hear(int64_t node, std::optional<uint32_t> serial,
              std::vector<ServedReport::Late> late = {}) {
        receipts->hear({.id = node, .revoked_at = {}},
                       {.catalog = kCatalog, .serial = serial, .late = std::move(late)});
    }
    std::optional<Timestamp> served(int64_t node, uint64_t sequence,
                                    const dns::Name& zone = kZone) {
        const auto answer = receipts->served(node, sequence, zone);
        EXPECT_TRUE(answer) << answer.error().message;
        return answer ? answer->at : std::nullopt;
    }

    Timestamp now = std::chrono::hours(490'000);
    const TestDatabase place{GetParam()};
    const std::unique_ptr<Database> database = place.open();
    Network network{*database};
    std::unique_ptr<Receipts> receipts;
};

TEST_P(OfReceipts, ANodeIsCreditedWithWhatItsVersionBears) {
    receipts->note_version(100, 5, 5);
    receipts->note_version(101, 7, 7);
    hear(1, 100);
    const Timestamp first = now;
    EXPECT_EQ(served(1, 5), first);
    EXPECT_EQ(served(1, 6), std::nullopt);
    now += seconds(1);
    hear(1, 101);
    EXPECT_EQ(served(1, 5), first);
    EXPECT_EQ(served(1, 6), now);
    EXPECT_EQ(served(1, 7), now);
    EXPECT_EQ(served(1, 8), std::nullopt);
    EXPECT_EQ(served(2, 5), std::nullopt);
}

TEST_P(OfReceipts, NobodyServesWhatIsNotPublished) {
    receipts->note_version(100, 5, 5);
    hear(1, 100);
    hear(2, 100);
    const Timestamp first = now;
    receipts->hold(kZone, 4, "the zone has no NS records");
    receipts->note_version(101, 7, 7);
    now += seconds(1);
    hear(1, 101);
    EXPECT_EQ(served(1, 4), first);
    EXPECT_EQ(served(1, 6), std::nullopt);
    EXPECT_EQ(receipts->served(1, 6, kZone)->reason, "the zone has no NS records");
    EXPECT_EQ(served(1, 6, kOther), now);
    receipts->release(kZone, 7, 8);
    EXPECT_EQ(served(1, 6), std::nullopt) << "its version is not the one that has it";
    receipts->note_version(102, 7, 8);
    now += seconds(1);
    hear(1, 102);
    EXPECT_EQ(served(1, 6), now);
    EXPECT_EQ(served(1, 7), now);
    EXPECT_EQ(served(1, 4), first);
    EXPECT_EQ(served(2, 6), std::nullopt) << "another node has it later";
    const Timestamp second = now;
    now += seconds(1);
    hear(2, 102);
    EXPECT_EQ(served(2, 6), now);
    open();
    EXPECT_EQ(served(1, 6), second);
}

TEST_P(OfReceipts, WhatAllNodesHaveIsWhatTheLastOneHas) {
    const Actor actor{"key:admin", "127.0.0.1"};
    ASSERT_TRUE(network.add_pop({.name = "sin"}, actor));
    for (const char* node : {"sin1", "sin2"}) {
        Node joining{
            .name = node, .pop = "sin", .address = *base::parse_socket_address("[::1]:53")};
        joining.pin.fill(static_cast<uint8_t>(node[3]));
        ASSERT_TRUE(network.add_node(joining, actor));
    }
    std::vector<int64_t> ids;
    const auto nodes = network.nodes();
    for (const auto& [pin, node] : *nodes) ids.push_back(node.id);
    ASSERT_EQ(ids.size(), 2U);
    receipts->note_version(100, 5, 10);
    receipts->note_version(101, 5, 12);  // A version without a change: signatures were renewed.
    hear(ids[0], 101);
    EXPECT_EQ(receipts->notes_everywhere(), std::nullopt) << "nobody has heard of the other one";
    hear(ids[1], 100);
    EXPECT_EQ(receipts->notes_everywhere(), 10U);
    hear(ids[1], 101, {{kZone, "it is broken"}});
    EXPECT_EQ(receipts->notes_everywhere(), 12U);
    EXPECT_TRUE(receipts->is_late(kZone));
    EXPECT_FALSE(receipts->is_late(kCatalog));
    hear(ids[1], 101);
    EXPECT_FALSE(receipts->is_late(kZone));
}

// A database of SQLite is one controller's.
TEST_P(OfReceipts, ANodeMayTellAnotherController) {
    receipts->note_version(100, 5, 5);
    hear(1, 100);
    now += seconds(1);
    {
        Receipts others(*database, network, [this] { return now; });
        others.note_version(101, 7, 3);
        others.hear({.id = 1, .revoked_at = {}}, {.catalog = kCatalog, .serial = 101, .late = {}});
    }
    const bool has_others = GetParam() == Database::Dialect::Postgresql;
    EXPECT_EQ(served(1, 7), has_others ? std::optional(now) : std::nullopt);
    EXPECT_EQ(served(1, 5), now - seconds(1));
    EXPECT_EQ(served(1, 8), std::nullopt);
}

TEST_P(OfReceipts, ItsFirstTimeCounts) {
    receipts->note_version(100, 5, 5);
    hear(1, 100);
    const Timestamp first = now;
    now += seconds(9);
    hear(1, 100);
    EXPECT_EQ(served(1, 5), first);
}

TEST_P(OfReceipts, ANodeMayTellOfAVersionBeforeWeKnowHowFarItReaches) {
    receipts->note_version(100, 5, 5);
    hear(1, 100);
    hear(1, 101);
    EXPECT_EQ(served(1, 6), std::nullopt);
    receipts->note_version(101, 6, 6);
    EXPECT_EQ(served(1, 6), now);
}

TEST_P(OfReceipts, AVersionOfAnotherDatabaseIsWorthNothing) {
    receipts->note_version(100, 5, 5);
    hear(1, 2000);
    EXPECT_EQ(served(1, 5), std::nullopt);
    hear(2, 50);
    EXPECT_EQ(served(2, 5), std::nullopt);
}

TEST_P(OfReceipts, AZoneThatANodeCannotFetchIsNotServedByIt) {
    receipts->note_version(100, 5, 5);
    hear(1, 100);
    receipts->note_version(101, 6, 6);
    now += seconds(1);
    hear(1, 101, {{kZone, "no answer"}});
    EXPECT_EQ(served(1, 6, kOther), now);
    EXPECT_EQ(receipts->served(1, 6, kZone)->reason, "no answer");
    EXPECT_EQ(served(1, 6), std::nullopt);
    EXPECT_NE(served(1, 5), std::nullopt) << "it was served before that";
    now += seconds(1);
    hear(1, 101);
    EXPECT_EQ(served(1, 6), now);
    EXPECT_EQ(served(1, 6, kOther), now - seconds(1));
}

TEST_P(OfReceipts, AllOfItIsThereAfterARestart) {
    receipts->note_version(100, 5, 5);
    hear(1, 100);
    receipts->note_version(101, 6, 6);
    hear(1, 101, {{kZone, "no answer"}});
    const Timestamp then = now;
    now += seconds(5);
    hear(1, 101);
    open();
    now += seconds(100);
    EXPECT_EQ(served(1, 5), then);
    EXPECT_EQ(served(1, 6, kOther), then);
    EXPECT_EQ(served(1, 6), then + seconds(5));
    receipts->note_version(101, 6, 6);
    hear(1, 101);
    EXPECT_EQ(served(1, 6, kOther), then);
}

TEST_P(OfReceipts, LagIsTheAgeOfTheOldestChangeThatIsNotServed) {
    EXPECT_FALSE(receipts->state(1));
    receipts->note_version(100, 5, 5);
    hear(1, 100);
    EXPECT_EQ(receipts->state(1)->lag, Timestamp(0));
    commit(6);
    now += seconds(3);
    commit(7);
    now += seconds(4);
    EXPECT_EQ(receipts->state(1)->lag, seconds(7));
    receipts->note_version(101, 6, 6);
    hear(1, 101);
    EXPECT_EQ(receipts->state(1)->lag, seconds(4));
    EXPECT_EQ(receipts->state(1)->sequence, 6U);
    EXPECT_FALSE(receipts->state(1)->is_silent(now));
    EXPECT_TRUE(receipts->state(1)->is_silent(now + seconds(91)));
}

TEST_P(OfReceipts, DelaysAreMeasuredFromTheCommit) {
    commit(5);
    receipts->note_version(100, 5, 5);
    hear(1, 100);
    EXPECT_EQ(receipts->delays().p99, 0) << "what was there when it came";
    commit(6);
    commit(7, kOther);
    now += milliseconds(30);
    receipts->note_version(101, 7, 7);
    hear(1, 101, {{kOther, "no answer"}});
    const auto delays = receipts->delays();
    EXPECT_DOUBLE_EQ(delays.p50, 0.03);
    EXPECT_DOUBLE_EQ(delays.sum, 0.03) << "one zone is not served";
    EXPECT_EQ(delays.counts[3], 1U);
}

TEST_P(OfReceipts, AWaiterIsWokenByAReport) {
    receipts->note_version(100, 5, 5);
    auto waited = std::async(std::launch::async, [&] {
        return receipts->wait(base::now() + seconds(60), [&]() -> Outcome<bool> {
            const auto answer = receipts->served(1, 5, kZone);
            if (!answer) return std::unexpected(answer.error());
            return answer->at.has_value();
        });
    });
    hear(1, 100);
    const auto outcome = waited.get();
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(*outcome);
}

TEST_P(OfReceipts, AWaitEnds) {
    const auto outcome = receipts->wait(base::now(), []() -> Outcome<bool> { return false; });
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(*outcome);
}

INSTANTIATE_TEST_SUITE_P(Databases, OfReceipts, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
