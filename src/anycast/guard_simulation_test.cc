// SPDX-License-Identifier: Apache-2.0
//
// Runs GuardLogic through years of random trouble, and checks what must hold in every moment.

#include <random>

#include <gtest/gtest.h>

#include "anycast/guard_logic.h"

namespace nearcast::anycast {
namespace {

using namespace std::chrono_literals;
using base::Duration;
using base::Instant;

constexpr Duration kRound = 25ms;
constexpr uint32_t kWorkers = 3;
constexpr uint32_t kAddresses = 2;

// One machine: a server that dies, hangs, drowns and recovers, a guard that is late at times.
class World {
 public:
    explicit World(uint64_t seed) : random_(seed) {}

    void run(int rounds) {
        for (int i = 0; i < rounds && !testing::Test::HasFailure(); ++i) round();
    }

 private:
    struct Worker {
        bool is_hung = false;
        bool is_flooded = false;  // Moves, and loses the guard's questions.
        bool has_tcp = true;
        uint64_t pulse = 0;
    };

    bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }

    int draw(int count) { return std::uniform_int_distribution(0, count - 1)(random_); }

    void round() {
        const Duration lateness = chance(0.002) ? 50ms * (1 + draw(20)) : 0ms;
        now_ += kRound + lateness;
        trouble();
        serve();
        logic_.tick(now_, lateness);
        obey();
        check(lateness);
    }

    void trouble() {
        if (is_running_ && chance(0.0005)) vanish();
        for (Worker& worker : workers_) {
            if (chance(0.0002)) worker.is_hung = true;
            if (chance(0.001)) worker.is_flooded = !worker.is_flooded;
            if (chance(0.001)) worker.has_tcp = !worker.has_tcp;
        }
        if (chance(0.001)) logic_.set_symptom(Symptom::DiskFull, chance(0.5));
        if (chance(0.001)) logic_.set_drained(chance(0.3));
        if (chance(0.0005)) replace_guard();
    }

    void replace_guard() {
        logic_ = GuardLogic(limits_, kAddresses, logic_.memory());
        logic_.guard_replaced(now_);
        silent_for_ = answering_for_ = {};
        if (!is_running_) return;
        logic_.server_started(now_);
        if (is_ready_) logic_.server_ready(now_, kWorkers);
    }

    void vanish() {
        is_running_ = is_ready_ = false;
        logic_.server_gone(now_);
        EXPECT_FALSE(logic_.wanted().live) << "announced while nobody is there to answer";
    }

    void serve() {
        if (is_running_ && !is_ready_ && now_ >= ready_at_) {
            is_ready_ = true;
            logic_.server_ready(now_, kWorkers);
        }
        if (is_running_) logic_.server_beat(now_.time_since_epoch().count());
        if (!is_ready_) return;
        for (uint32_t i = 0; i < kWorkers; ++i) serve_one(i);
    }

    void serve_one(uint32_t index) {
        Worker& worker = workers_[index];
        const bool answers = !worker.is_hung && !worker.is_flooded;
        for (uint32_t address = 0; address < kAddresses; ++address) {
            const Lane udp{index, address, Transport::Udp};
            const Lane tcp{index, address, Transport::Tcp};
            if (logic_.was_reached(index)) {
                logic_.asked(udp);
                if (chance(0.05)) {
                    logic_.asked(tcp);
                    if (answers && worker.has_tcp) logic_.answered(tcp);
                }
            } else {
                logic_.asked_in_search();
                if (!answers) logic_.lost_in_search();
            }
            if (answers && !chance(0.01)) logic_.answered(udp);
        }
        if (!worker.is_hung && (answers || worker.is_flooded)) ++worker.pulse;
        logic_.pulse(index, worker.pulse);
    }

    void obey() {
        if (logic_.order() == GuardLogic::Order::Kill) vanish();
        if (logic_.order() == GuardLogic::Order::Start && !is_running_) {
            is_running_ = true;
            workers_ = {};
            ready_at_ = now_ + 10ms * draw(50);
            logic_.server_started(now_);
        }
    }

    void check(Duration lateness) {
        const Signals wanted = logic_.wanted();
        const Duration counted = lateness > limits_.hang_limit / 4 ? 0ms : kRound + lateness;
        bool any_hung = false;
        bool all_answer = is_ready_;
        for (const Worker& worker : workers_) {
            any_hung |= worker.is_hung;
            all_answer &= !worker.is_hung && !worker.is_flooded;
        }
        silent_for_ = is_ready_ && any_hung ? silent_for_ + counted : Duration{};
        answering_for_ = all_answer ? answering_for_ + kRound : Duration{};

        EXPECT_TRUE(wanted.live || !wanted.pref) << "pref without live";
        EXPECT_TRUE(is_ready_ || !wanted.live) << "announced while no server is ready";
        EXPECT_FALSE(wanted.live && silent_for_ > limits_.hang_limit + 4 * kRound)
            << "announced while a worker hangs";
        EXPECT_FALSE(!wanted.live && answering_for_ > 1s) << "withdrawn while every worker answers";
    }

    std::mt19937_64 random_;
    GuardLimits limits_;
    Instant now_{1h};
    GuardLogic logic_{limits_, kAddresses, GuardMemory{}};
    std::array<Worker, kWorkers> workers_;
    bool is_running_ = false;
    bool is_ready_ = false;
    Instant ready_at_{};
    Duration silent_for_{};     // Counted time since a worker of a ready server hung.
    Duration answering_for_{};  // Time since every worker would answer.
};

TEST(GuardSimulation, HoldsItsInvariantsThroughRandomTrouble) {
    for (uint64_t seed = 1; seed <= 50 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World(seed).run(5000);
    }
}

}  // namespace
}  // namespace nearcast::anycast
