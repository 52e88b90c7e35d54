// SPDX-License-Identifier: Apache-2.0

#include "anycast/starvation.h"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

namespace nearcast::anycast {
namespace {

using namespace std::chrono_literals;

// More than a clock tick apart, so that who runs is seen to.
constexpr auto kLook = 30ms;

// A thread on the first processor that we may use, until the test ends.
class Thread {
 public:
    explicit Thread(bool is_busy, int policy = SCHED_OTHER)
        : thread_([this, is_busy, policy] { run(is_busy, policy); }) {
        while (number_ == 0) std::this_thread::sleep_for(1ms);
    }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;
    ~Thread() {
        is_ending_ = true;
        is_ending_.notify_all();
        thread_.join();
    }

    [[nodiscard]] pid_t number() const { return number_; }

    // Of 20 looks.
    [[nodiscard]] int times_starved() const {
        StarvationMeter meter;
        EXPECT_FALSE(meter.is_starved(getpid(), number_));
        int count = 0;
        for (int i = 0; i < 20; ++i) {
            std::this_thread::sleep_for(kLook);
            count += meter.is_starved(getpid(), number_);
        }
        return count;
    }

 private:
    void run(bool is_busy, int policy) {
        cpu_set_t allowed;
        sched_getaffinity(0, sizeof allowed, &allowed);
        size_t first = 0;
        while (!CPU_ISSET(first, &allowed)) ++first;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(first, &one);
        sched_setaffinity(0, sizeof one, &one);
        const sched_param parameters{};
        sched_setscheduler(0, policy, &parameters);
        number_ = gettid();
        if (!is_busy) is_ending_.wait(false);
        while (!is_ending_) {
        }
    }

    std::atomic<pid_t> number_ = 0;
    std::atomic<bool> is_ending_ = false;
    std::thread thread_;
};

TEST(LookAtThread, SeesWhoRuns) {
    const auto own = look_at_thread(getpid(), gettid());
    ASSERT_TRUE(own);
    EXPECT_TRUE(own->is_runnable);
}

TEST(LookAtThread, SeesNothingOfAThreadThatIsNotThere) {
    EXPECT_FALSE(look_at_thread(getpid(), 0));
    EXPECT_FALSE(look_at_thread(-1, gettid()));
}

// The name stands in the middle of the line.
TEST(LookAtThread, IsNotDeceivedByAName) {
    std::string name(16, 0);
    pthread_getname_np(pthread_self(), name.data(), name.size());
    pthread_setname_np(pthread_self(), "a) S 1 (b) Z 2");
    const auto own = look_at_thread(getpid(), gettid());
    pthread_setname_np(pthread_self(), name.c_str());
    ASSERT_TRUE(own);
    EXPECT_TRUE(own->is_runnable);
}

TEST(StarvationMeter, FindsWhoCouldRunAndMayNot) {
    const Thread favoured(true);
    const Thread starved(true, SCHED_IDLE);
    EXPECT_GE(starved.times_starved(), 10);
}

TEST(StarvationMeter, FindsNobodyWhoSleeps) {
    const Thread busy(true);
    const Thread asleep(false);
    EXPECT_EQ(asleep.times_starved(), 0);
}

TEST(StarvationMeter, FindsNobodyWhoRunsInACircle) {
    const Thread looping(true);
    EXPECT_LE(looping.times_starved(), 10);
}

}  // namespace
}  // namespace nearcast::anycast
