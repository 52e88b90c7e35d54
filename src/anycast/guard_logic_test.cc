// SPDX-License-Identifier: Apache-2.0

#include "anycast/guard_logic.h"

#include <gtest/gtest.h>

namespace nearcast::anycast {
namespace {

using namespace std::chrono_literals;
using base::Duration;
using base::Instant;

constexpr Signals kNothing{};
constexpr Signals kLastResort{.live = true, .pref = false};
constexpr Signals kPreferred{.live = true, .pref = true};

// A node with two workers and one service address, and the world around its guard. Each round is
// what the guard does in 25 ms: ask, hear, tick.
class GuardLogicTest : public testing::Test {
 protected:
    static constexpr Duration kRound = 25ms;
    static constexpr uint32_t kWorkers = 2;

    struct WorkerState {
        bool answers_udp = true;
        bool answers_tcp = true;
        bool moves = false;  // Beyond the probes: users' queries.
        bool starves = false;
        uint64_t pulse = 0;
    };

    void start() {
        run(kRound);
        ASSERT_EQ(logic_.order(), GuardLogic::Order::Start);
        come_up();
    }

    void come_up() {
        logic_.server_started(now_);
        run(50ms);
        logic_.server_ready(now_, kWorkers);
        is_up_ = true;
        run(100ms);
    }

    void die() {
        is_up_ = false;
        logic_.server_gone(now_);
    }

    void die_and_restart() {
        die();
        for (int i = 0; i < 1000 && logic_.order() != GuardLogic::Order::Start; ++i) run(kRound);
        come_up();
    }

    void run(Duration time, Duration lateness = {}) {
        for (const Instant end = now_ + time; now_ < end;) {
            now_ += kRound + lateness;
            if (is_up_) exchange();
            logic_.tick(now_, lateness);
            ASSERT_TRUE(logic_.wanted().live || !logic_.wanted().pref);
        }
    }

    void exchange() {
        for (uint32_t i = 0; i < kWorkers; ++i) {
            WorkerState& worker = workers_[i];
            for (const Transport transport : {Transport::Udp, Transport::Tcp}) {
                const bool is_known = logic_.was_reached(i);
                const Lane lane{i, 0, transport};
                const bool answers =
                    transport == Transport::Udp ? worker.answers_udp : worker.answers_tcp;
                if (is_known) {
                    logic_.asked(lane);
                } else if (transport == Transport::Udp) {
                    logic_.asked_in_search();
                    if (!answers) logic_.lost_in_search();
                }
                if (answers) logic_.answered(lane);
                if (answers || worker.moves) ++worker.pulse;
            }
            logic_.pulse(i, worker.pulse);
            if (worker.starves && logic_.is_suspect(i)) logic_.starved(i);
        }
    }

    GuardLimits limits_;
    Instant now_{1h};
    GuardLogic logic_{limits_, 1, GuardMemory{}};
    std::array<WorkerState, kWorkers> workers_;
    bool is_up_ = false;
};

TEST_F(GuardLogicTest, ACleanStartIsPreferredAtOnce) {
    EXPECT_EQ(logic_.wanted(), kNothing);
    start();
    EXPECT_EQ(logic_.wanted(), kPreferred);
}

TEST_F(GuardLogicTest, NothingIsAnnouncedBeforeEveryWorkerAnswered) {
    workers_[1].answers_udp = false;
    start();
    run(2s);
    EXPECT_EQ(logic_.wanted(), kNothing);
    workers_[1].answers_udp = true;
    run(100ms);
    EXPECT_EQ(logic_.wanted(), kPreferred);
}

TEST_F(GuardLogicTest, ADeadServerIsWithdrawnWithoutWaitingForATick) {
    start();
    die();
    EXPECT_EQ(logic_.wanted(), kNothing);
}

TEST_F(GuardLogicTest, ItComesBackAtOnceButOnlyAsALastResort) {
    start();
    die_and_restart();
    EXPECT_EQ(logic_.wanted(), kLastResort);
    run(limits_.hold_up);
    EXPECT_EQ(logic_.wanted(), kPreferred);
}

TEST_F(GuardLogicTest, TheHoldUpGrowsWithEachFailureUpToItsMaximum) {
    start();
    Duration expected = limits_.hold_up;
    for (int i = 0; i < 12; ++i) {
        die_and_restart();
        ASSERT_EQ(logic_.wanted(), kLastResort) << i;
        EXPECT_GE(logic_.held_until() - now_, expected - 200ms) << i;
        EXPECT_LE(logic_.held_until() - now_, expected) << i;
        expected = std::min<Duration>(expected * 2, limits_.hold_up_max);
    }
}

TEST_F(GuardLogicTest, ALongHealthyTimeForgetsTheFailures) {
    start();
    for (int i = 0; i < 5; ++i) die_and_restart();
    run(limits_.hold_up_reset);
    die_and_restart();
    EXPECT_LE(logic_.held_until() - now_, limits_.hold_up);
}

TEST_F(GuardLogicTest, AHungWorkerIsWithdrawnAndItsServerKilled) {
    start();
    workers_[1].answers_udp = workers_[1].answers_tcp = false;
    run(limits_.hang_limit - 2 * kRound);
    EXPECT_EQ(logic_.wanted(), kPreferred);
    run(3 * kRound);
    EXPECT_EQ(logic_.wanted(), kNothing);
    EXPECT_EQ(logic_.order(), GuardLogic::Order::Kill);
    EXPECT_EQ(logic_.hung_worker(), 1U);
}

TEST_F(GuardLogicTest, AWorkerThatStarvesIsNotHungButALastResort) {
    start();
    workers_[1].answers_udp = workers_[1].answers_tcp = false;
    workers_[1].starves = true;
    run(60s);
    EXPECT_EQ(logic_.order(), GuardLogic::Order::None);
    EXPECT_EQ(logic_.wanted(), kLastResort);
    EXPECT_TRUE(logic_.has_symptom(Symptom::ProbesLost));
}

TEST_F(GuardLogicTest, AWorkerThatHangsOnceItHasStarvedIsKilled) {
    start();
    workers_[1].answers_udp = workers_[1].answers_tcp = false;
    workers_[1].starves = true;
    run(1s);
    workers_[1].starves = false;
    run(limits_.hang_limit / 2 - 2 * kRound);
    EXPECT_EQ(logic_.order(), GuardLogic::Order::None);
    run(3 * kRound);
    EXPECT_EQ(logic_.order(), GuardLogic::Order::Kill);
    EXPECT_EQ(logic_.wanted(), kNothing);
}

TEST_F(GuardLogicTest, OneAnswerInTimeKeepsTheWorkerAlive) {
    start();
    for (int i = 0; i < 20; ++i) {
        workers_[0].answers_udp = workers_[0].answers_tcp = false;
        run(limits_.hang_limit - 4 * kRound);
        workers_[0].answers_udp = workers_[0].answers_tcp = true;
        run(kRound);
        ASSERT_TRUE(logic_.wanted().live);
    }
}

TEST_F(GuardLogicTest, AFloodedWorkerThatMovesIsSoft) {
    start();
    workers_[0] = {.answers_udp = false, .answers_tcp = false, .moves = true};
    run(1min);
    EXPECT_EQ(logic_.wanted(), kLastResort);
    EXPECT_TRUE(logic_.has_symptom(Symptom::ProbesLost));
}

TEST_F(GuardLogicTest, TcpThatFailsWhileUdpAnswersIsSoft) {
    start();
    workers_[0].answers_tcp = false;
    run(1min);
    EXPECT_EQ(logic_.wanted(), kLastResort);
    EXPECT_TRUE(logic_.has_symptom(Symptom::TcpFails));
}

TEST_F(GuardLogicTest, ASoftSymptomMustBeGoneForAWhile) {
    start();
    logic_.set_symptom(Symptom::DiskFull, true);
    run(1s);
    EXPECT_EQ(logic_.wanted(), kLastResort);
    logic_.set_symptom(Symptom::DiskFull, false);
    run(limits_.soft_recovery - 1s);
    EXPECT_EQ(logic_.wanted(), kLastResort);
    run(2s);
    EXPECT_EQ(logic_.wanted(), kPreferred);
}

TEST_F(GuardLogicTest, AllThatIsSoftAtOnceWithdrawsNothing) {
    start();
    for (size_t i = 0; i < static_cast<size_t>(Symptom::Count); ++i) {
        logic_.set_symptom(static_cast<Symptom>(i), true);
    }
    logic_.set_drained(true);
    for (WorkerState& worker : workers_) {
        worker = {.answers_udp = false, .answers_tcp = false, .moves = true};
    }
    run(10min);
    EXPECT_EQ(logic_.wanted(), kLastResort);
}

TEST_F(GuardLogicTest, ADrainIsLastResortAndUndoneAtOnce) {
    start();
    logic_.set_drained(true);
    run(kRound);
    EXPECT_EQ(logic_.wanted(), kLastResort);
    logic_.set_drained(false);
    run(kRound);
    EXPECT_EQ(logic_.wanted(), kPreferred);
}

TEST_F(GuardLogicTest, AStalledMachineIsNotADeadServer) {
    start();
    workers_[0].answers_udp = workers_[0].answers_tcp = false;
    run(100ms);
    run(1s, 500ms);  // Two rounds that come half a second late each.
    EXPECT_EQ(logic_.wanted(), kPreferred);
    workers_[0].answers_udp = workers_[0].answers_tcp = true;
    run(1s);
    EXPECT_EQ(logic_.wanted(), kPreferred);
}

TEST_F(GuardLogicTest, AStallDoesNotSaveAWorkerThatStaysHung) {
    start();
    workers_[0].answers_udp = workers_[0].answers_tcp = false;
    run(1s, 500ms);
    run(limits_.hang_limit + kRound);
    EXPECT_EQ(logic_.wanted(), kNothing);
}

TEST_F(GuardLogicTest, AGuardThatTakesOverHoldsThePreferenceBack) {
    start();
    GuardLogic successor(limits_, 1, logic_.memory());
    logic_ = successor;
    logic_.guard_replaced(now_);
    come_up();
    EXPECT_EQ(logic_.wanted(), kLastResort);
    EXPECT_EQ(logic_.memory().failures, 1U);
}

TEST_F(GuardLogicTest, ACrashLoopIsBoundedAndEndsByItself) {
    start();
    int starts = 0;
    for (const Instant end = now_ + 1min; now_ < end;) {
        die();
        for (int i = 0; i < 1000 && logic_.order() != GuardLogic::Order::Start; ++i) run(kRound);
        logic_.server_started(now_);
        ++starts;
        run(kRound);
    }
    EXPECT_LT(starts, 30);
    die_and_restart();
    EXPECT_TRUE(logic_.wanted().live);
}

TEST_F(GuardLogicTest, AServerThatHangsWhileStartingIsKilled) {
    run(kRound);
    logic_.server_started(now_);
    run(limits_.start_limit + kRound);
    EXPECT_EQ(logic_.order(), GuardLogic::Order::Kill);
    EXPECT_FALSE(logic_.hung_worker());
}

TEST_F(GuardLogicTest, ASlowStartIsLeftAlone) {
    run(kRound);
    logic_.server_started(now_);
    for (int64_t beat = 1; beat < 100; ++beat) {
        logic_.server_beat(beat);
        run(1s);
        ASSERT_EQ(logic_.order(), GuardLogic::Order::None);
    }
}

TEST_F(GuardLogicTest, AWorkerHungFromTheStartIsKilled) {
    workers_[1].answers_udp = workers_[1].answers_tcp = false;
    start();
    run(limits_.start_limit + kRound);
    EXPECT_EQ(logic_.order(), GuardLogic::Order::Kill);
    EXPECT_EQ(logic_.hung_worker(), 1U);
}

TEST_F(GuardLogicTest, AWorkerThatNoQuestionFindsKeepsNobodyAway) {
    run(kRound);
    logic_.server_started(now_);
    logic_.server_ready(now_, kWorkers);
    for (int i = 0; i < 100; ++i) {
        logic_.asked_in_search();
        logic_.answered({0, 0, Transport::Udp});
        run(kRound);
    }
    EXPECT_EQ(logic_.wanted(), kLastResort);
    EXPECT_TRUE(logic_.has_symptom(Symptom::WorkerUnreached));
}

TEST_F(GuardLogicTest, AnOrderlyStopAsksTrafficToLeaveThenWithdraws) {
    start();
    logic_.stop(now_);
    EXPECT_EQ(logic_.wanted(), kLastResort);
    run(limits_.linger / 4 + kRound);
    EXPECT_EQ(logic_.wanted(), kNothing);
    run(limits_.linger);
    die();
    run(limits_.restart_delay_max);
    EXPECT_EQ(logic_.order(), GuardLogic::Order::None);
}

}  // namespace
}  // namespace nearcast::anycast
