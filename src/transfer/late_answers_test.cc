// SPDX-License-Identifier: Apache-2.0

#include "transfer/late_answers.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "transfer/zone_updates.h"
#include "zone/ledger.h"

namespace nearcast::transfer {
namespace {

using Bytes = std::vector<uint8_t>;

class Late : public testing::Test {
 protected:
    // Answers with the message itself once the gate is open.
    std::unique_ptr<RequestDesk> make_desk() {
        return std::make_unique<RequestDesk>(
            config_, RequestDesk::Partners{.zones = table_,
                                           .ledger = *ledger_,
                                           .updates = updates_,
                                           .ask =
                                               [this](const PlainQuestion& question) {
                                                   is_at_work_.store(true);
                                                   is_at_work_.notify_all();
                                                   is_open_.wait(false);
                                                   std::ranges::copy(question.message,
                                                                     question.room.begin());
                                                   return question.message.size();
                                               },
                                           .hear = {},
                                           .expires_in = {},
                                           .secondary_of = {},
                                           .waiting = RequestDesk::Waiting{table_, is_stopping_}});
    }

    static Bytes question(uint16_t id) {
        dns::QueryDraft draft;
        draft.id = id;
        draft.qname = *dns::parse_name("example.org.");
        return dns::build_query(draft);
    }

    TransferConfig config_;
    zone::ZoneTable table_;
    std::unique_ptr<zone::ZoneLedger> ledger_ =
        *zone::ZoneLedger::open(zone::make_memory_disk(), table_, {});
    ZoneUpdates updates_{config_, table_, *ledger_};
    std::atomic<bool> is_stopping_ = false;
    std::atomic<bool> is_at_work_ = false;
    std::atomic<bool> is_open_ = false;
    const base::IpAddress peer_ = *base::parse_ip_address("192.0.2.1");
};

TEST_F(Late, TheAnswerComesOnAnotherThread) {
    std::promise<Bytes> answered;
    LateAnswers late([this] { return make_desk(); }, {.threads = 1});
    is_open_.store(true);
    late.take(question(7), peer_, [&](std::span<const uint8_t> response) {
        answered.set_value({response.begin(), response.end()});
    });
    EXPECT_EQ(answered.get_future().get(), question(7));
}

TEST_F(Late, WhatComesWhenTheQueueIsFullGetsNoAnswer) {
    std::atomic<int> dropped = 0;
    // A reply that is never called goes with what it holds.
    const auto counted = [&] { return std::shared_ptr<void>(nullptr, [&](void*) { ++dropped; }); };
    {
        LateAnswers late([this] { return make_desk(); }, {.threads = 1, .waiting_max = 1});
        late.take(question(1), peer_, [](std::span<const uint8_t>) {});
        is_at_work_.wait(false);  // The thread has it: the queue is empty.
        late.take(question(2), peer_, [held = counted()](std::span<const uint8_t>) {});
        EXPECT_EQ(dropped, 0);
        late.take(question(3), peer_, [held = counted()](std::span<const uint8_t>) {});
        EXPECT_EQ(dropped, 1);
        is_open_.store(true);
        is_open_.notify_all();
    }
    EXPECT_EQ(dropped, 2);
}

}  // namespace
}  // namespace nearcast::transfer
