// SPDX-License-Identifier: Apache-2.0

#include "transfer/fetch_threads.h"

#include <cerrno>
#include <functional>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "base/log.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using Lock = FetchThreads::Lock;
using std::chrono::milliseconds;

// Far beyond what anything here takes, on however busy a machine.
constexpr std::chrono::seconds kPatience{60};

class Threads : public testing::Test {
 protected:
    ~Threads() override {
        let_go();
        threads_.stop();
    }

    void ask_for(size_t pieces, Instant due_at = {}) {
        const Lock lock(mutex_);
        waiting_ += pieces;
        due_at_ = due_at;
        threads_.rouse();
    }
    // Each piece takes until then.
    void let_go() {
        const Lock lock(mutex_);
        is_held_ = false;
        changed_.notify_all();
    }
    // False when it never comes true.
    bool comes_true(const std::function<bool()>& is_true) {
        const Instant end = base::now() + kPatience;
        Lock lock(mutex_);
        while (!is_true()) {
            if (base::now() > end) return false;
            changed_.wait_for(lock, milliseconds(5));
        }
        return true;
    }

    bool do_next(Lock& lock) {
        if (waiting_ == 0 || due_at_ > base::now()) return false;
        --waiting_;
        ++under_way_;
        threads_.rouse();
        changed_.notify_all();
        changed_.wait(lock, [this] { return !is_held_; });
        --under_way_;
        ++done_;
        return true;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    size_t waiting_ = 0;
    size_t under_way_ = 0;
    size_t done_ = 0;
    bool is_held_ = true;
    Instant due_at_{};
    // As the system does when its limit of tasks is reached.
    std::thread begin(std::function<void()> run) const {
        if (threads_.count() >= threads_max_) {
            throw std::system_error(EAGAIN, std::generic_category());
        }
        return std::thread(std::move(run));
    }

    size_t threads_max_ = FetchThreads::kThreadsMax;
    FetchThreads threads_{
        mutex_,
        {.do_next = [this](Lock& lock) { return do_next(lock); },
         .next_at = [this] { return waiting_ > 0 ? due_at_ : Instant::max(); },
         .begin = [this](std::function<void()> run) { return begin(std::move(run)); }},
        milliseconds(1)};
};

uint64_t times_logged(std::string_view event) {
    uint64_t times = 0;
    for (const auto& [name, count] : base::log::event_counts()) times += name == event ? count : 0;
    return times;
}

TEST_F(Threads, OneThatCannotBeHadIsToldOnceAndTheOthersDoTheWork) {
    threads_max_ = 1;
    threads_.start();
    const uint64_t before = times_logged("fetch_thread_missing");
    ask_for(1);
    EXPECT_TRUE(comes_true([this] { return under_way_ == 1; }));
    for (int i = 0; i < 3; ++i) ask_for(1);
    EXPECT_EQ(times_logged("fetch_thread_missing"), before + 1);
    let_go();
    EXPECT_TRUE(comes_true([this] { return done_ == 4; }));
}

TEST_F(Threads, OneIsEnoughWhileThereIsNothingToDo) {
    threads_.start();
    EXPECT_TRUE(comes_true([this] { return threads_.count() == 1; }));
    let_go();
    ask_for(1);
    EXPECT_TRUE(comes_true([this] { return done_ == 1; }));
}

TEST_F(Threads, WhatIsSlowHoldsNothingUp) {
    threads_.start();
    ask_for(10);
    EXPECT_TRUE(comes_true([this] { return under_way_ == 10; }));
    ask_for(1);
    EXPECT_TRUE(comes_true([this] { return under_way_ == 11; }));
}

TEST_F(Threads, ThereIsAnEndToHowManyThereAre) {
    threads_.start();
    ask_for(FetchThreads::kThreadsMax + 1);
    EXPECT_TRUE(comes_true([this] { return under_way_ == FetchThreads::kThreadsMax; }));
    {
        const Lock lock(mutex_);
        EXPECT_EQ(threads_.count(), FetchThreads::kThreadsMax);
        EXPECT_EQ(waiting_, 1U);
    }
    let_go();
    EXPECT_TRUE(comes_true([this] { return done_ == FetchThreads::kThreadsMax + 1; }));
}

TEST_F(Threads, ThoseThatAreNotNeededAnyMoreEnd) {
    threads_.start();
    ask_for(10);
    EXPECT_TRUE(comes_true([this] { return under_way_ == 10; }));
    let_go();
    EXPECT_TRUE(comes_true([this] { return done_ == 10 && threads_.count() == 1; }));
    ask_for(1);
    EXPECT_TRUE(comes_true([this] { return done_ == 11; }));
}

TEST_F(Threads, WhatIsDueEarlierThanWhatIsWaitedForDoesNotWaitForIt) {
    threads_.start();
    ask_for(1, base::now() + std::chrono::hours(1));
    let_go();
    ask_for(1, base::now());
    EXPECT_TRUE(comes_true([this] { return done_ == 2; }));
}

TEST_F(Threads, WhatIsDueLaterIsDoneThen) {
    threads_.start();
    let_go();
    const Instant due_at = base::now() + milliseconds(20);
    ask_for(1, due_at);
    EXPECT_TRUE(comes_true([this] { return done_ == 1; }));
    EXPECT_GE(base::now(), due_at);
}

}  // namespace
}  // namespace nearcast::transfer
