// SPDX-License-Identifier: Apache-2.0

#include "transfer/fetch_queue.h"

#include <cstddef>
#include <list>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "transfer/fetch_threads.h"

namespace nearcast::transfer {
namespace {

using Verdict = FetchQueue::Verdict;
using std::chrono::seconds;

constexpr base::Instant kStart{};

base::Instant after(int time) { return kStart + seconds(time); }

class Fetching : public testing::Test {
 protected:
    struct Zone : FetchQueue::Entry {
        explicit Zone(std::string its_name) : name(std::move(its_name)) {}
        const std::string name;
    };

    static FetchQueue::Source source(const char* address, bool is_shared = false) {
        return {*base::parse_socket_address(address), is_shared};
    }

    Zone& add(const std::string& name, const FetchQueue::Source& at, int due = 0) {
        Zone& zone = zones_.emplace_back(name);
        queue_.put(zone, at, after(due));
        return zone;
    }
    void add_many(size_t count, const FetchQueue::Source& at, int due = 0) {
        for (size_t i = 0; i < count; ++i) add("one of many", at, due);
    }

    // All that may be under way at that time, in that order.
    std::vector<Zone*> take_all(int now = 0) {
        std::vector<Zone*> taken;
        while (auto* const entry = queue_.next(after(now))) {
            taken.push_back(static_cast<Zone*>(entry));
        }
        return taken;
    }
    std::string names(int now = 0) {
        std::string names;
        for (const Zone* zone : take_all(now)) names += zone->name + ' ';
        return names;
    }
    void end_all(const std::vector<Zone*>& zones, Verdict verdict) {
        for (Zone* zone : zones) queue_.end(*zone, verdict, kStart);
    }

    // What goes out with each round trip, while everything is answered.
    std::vector<size_t> rounds(size_t count) {
        std::vector<size_t> sizes;
        for (size_t i = 0; i < count; ++i) {
            const auto taken = take_all();
            sizes.push_back(taken.size());
            end_all(taken, Verdict::Answered);
        }
        return sizes;
    }

    std::list<Zone> zones_;
    FetchQueue queue_;
    const FetchQueue::Source plain_ = source("192.0.2.1:53");
    const FetchQueue::Source other_ = source("192.0.2.2:53");
    const FetchQueue::Source shared_ = source("192.0.2.1:853", /*is_shared=*/true);
};

TEST_F(Fetching, TheOneThatIsDueFirstComesFirst) {
    add("third", plain_, 3);
    add("first", other_, 1);
    add("second", plain_, 2);
    EXPECT_EQ(queue_.next_at(), after(1));
    EXPECT_EQ(names(0), "");
    EXPECT_EQ(names(2), "first second ");
    EXPECT_EQ(queue_.next_at(), after(3));
    EXPECT_EQ(names(3), "third ");
    EXPECT_EQ(queue_.next_at(), base::Instant::max());
}

TEST_F(Fetching, OneThatIsPutAgainWaitsOnce) {
    Zone& zone = add("zone", plain_, 9);
    queue_.put(zone, other_, after(1));
    EXPECT_EQ(names(9), "zone ");
}

TEST_F(Fetching, OneThatIsRemovedDoesNotCome) {
    Zone& zone = add("zone", plain_);
    queue_.remove(zone);
    queue_.remove(zone);
    EXPECT_EQ(queue_.next_at(), base::Instant::max());
    EXPECT_EQ(names(), "");
}

// All that waits behind it is due earlier, and still nobody else waits for it.
TEST_F(Fetching, ADeadPrimaryHoldsUpItsOwnZonesAlone) {
    add_many(1000, plain_, 0);
    add("alive", other_, 5);
    EXPECT_EQ(take_all(4).size(), FetchQueue::kWindowMin);
    EXPECT_EQ(queue_.next_at(), after(5));
    EXPECT_EQ(names(5), "alive ");
}

TEST_F(Fetching, APlaceIsFreeAgainWhenAFetchEnds) {
    add_many(FetchQueue::kWindowMin, plain_);
    add("waits", plain_);
    const auto taken = take_all();
    EXPECT_EQ(queue_.next_at(), base::Instant::max());
    queue_.end(*taken.front(), Verdict::Crowded, kStart);
    EXPECT_EQ(take_all().size(), 1U);
}

TEST_F(Fetching, OverTcpNoMoreAreUnderWayHoweverWellItGoes) {
    add_many(100, plain_);
    for (const size_t size : rounds(5)) EXPECT_EQ(size, FetchQueue::kWindowMin);
}

TEST_F(Fetching, OverTlsTheWindowDoublesEachRoundTripUpToItsEnd) {
    add_many(1000, shared_);
    EXPECT_EQ(rounds(6), (std::vector<size_t>{4, 8, 16, 32, 48, 48}));
}

TEST_F(Fetching, ATrickleLeavesTheWindowAsItIs) {
    for (int i = 0; i < 100; ++i) {
        add("alone", shared_);
        end_all(take_all(), Verdict::Answered);
    }
    add_many(100, shared_);
    EXPECT_EQ(take_all().size(), FetchQueue::kWindowMin);
}

TEST_F(Fetching, ARefusalHalvesTheWindowWhichThenGrowsByOneEachRoundTrip) {
    add_many(1000, shared_);
    rounds(3);
    const auto taken = take_all();
    ASSERT_EQ(taken.size(), 32U);
    queue_.end(*taken.front(), Verdict::Refused, kStart);
    end_all({taken.begin() + 1, taken.begin() + 17}, Verdict::Answered);
    end_all({taken.begin() + 17, taken.end()}, Verdict::Unclear);
    EXPECT_EQ(rounds(3), (std::vector<size_t>{17, 18, 19}));
}

// It had as much under way as there may be: others still have threads, and its own way back is
// short.
TEST_F(Fetching, APrimaryThatFallsSilentLeavesThreadsForOthers) {
    static_assert(FetchQueue::kWindowMax + FetchQueue::kWindowMin < FetchThreads::kThreadsMax);
    add_many(1000, shared_);
    rounds(5);
    const auto taken = take_all();
    ASSERT_EQ(taken.size(), FetchQueue::kWindowMax);
    add("alive", other_);
    EXPECT_EQ(names(), "alive ");
    end_all(taken, Verdict::Crowded);
    EXPECT_EQ(take_all().size(), FetchQueue::kWindowMin);
}

// The windows of both are as wide as they may be.
TEST_F(Fetching, TwoThatFallSilentLeaveThreadsForOthers) {
    static_assert(FetchQueue::kSurplusMax + 5 * FetchQueue::kWindowMin <=
                  FetchThreads::kThreadsMax);
    add_many(1000, shared_);
    add_many(1000, source("192.0.2.9:853", /*is_shared=*/true));
    rounds(15);
    const auto taken = take_all();
    EXPECT_EQ(taken.size(), FetchQueue::kSurplusMax + 2 * FetchQueue::kWindowMin);
    EXPECT_EQ(queue_.next_at(), base::Instant::max());
    add("alive", other_);
    EXPECT_EQ(names(), "alive ");
    queue_.end(*taken.front(), Verdict::Answered, kStart);
    EXPECT_EQ(take_all().size(), 1U);
}

TEST_F(Fetching, AZoneThatIsRefusedForGoodTellsNothingOfItsSource) {
    Zone& zone = add("refused", shared_);
    end_all(take_all(), Verdict::Refused);
    add_many(1000, shared_);
    rounds(3);
    const auto size_after = [&](Verdict verdict) {
        queue_.put(zone, shared_, after(-1));
        auto taken = take_all();
        EXPECT_EQ(taken.front(), &zone);
        queue_.end(zone, verdict, kStart);
        taken.erase(taken.begin());
        end_all(taken, Verdict::Unclear);
        taken = take_all();
        end_all(taken, Verdict::Unclear);
        return taken.size();
    };
    EXPECT_EQ(size_after(Verdict::Refused), 32U);
    EXPECT_EQ(size_after(Verdict::Unclear), 32U);
    EXPECT_EQ(size_after(Verdict::Refused), 16U);
}

TEST_F(Fetching, WhatOneSourceLearntIsItsOwn) {
    add_many(100, shared_);
    rounds(3);
    const auto another = source("192.0.2.9:853", /*is_shared=*/true);
    take_all();
    add_many(100, another);
    EXPECT_EQ(take_all().size(), FetchQueue::kWindowMin);
}

}  // namespace
}  // namespace nearcast::transfer
