// SPDX-License-Identifier: Apache-2.0

#include "serve/receive_queue.h"

#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

namespace nearcast::serve {
namespace {

constexpr size_t kTurn = 1024;
constexpr size_t kTurnsOfAFlood = 64;

class ReceiveQueueTest : public testing::Test {
 protected:
    [[nodiscard]] int size() const {
        int size = 0;
        socklen_t length = sizeof size;
        EXPECT_EQ(getsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &size, &length), 0);
        return size;
    }
    void flood() {
        for (size_t i = 0; i < kTurnsOfAFlood; ++i) queue_.note_turn(kTurn, false);
    }
    void calm_down() {
        for (size_t i = 0; i < kTurnsOfAFlood; ++i) queue_.note_turn(1, true);
    }

    base::Fd socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ReceiveQueue queue_{socket_.get()};
    const int long_ = size();
};

TEST_F(ReceiveQueueTest, IsShortInAFloodAndLongBehindIt) {
    if (long_ <= 768 << 10) GTEST_SKIP() << "net.core.rmem_max allows no long queue";
    flood();
    EXPECT_TRUE(queue_.is_short());
    EXPECT_LE(size(), 768 << 10);
    queue_.note_turn(1, true);
    EXPECT_TRUE(queue_.is_short()) << "the flood may only pause";
    calm_down();
    EXPECT_FALSE(queue_.is_short());
    EXPECT_EQ(size(), long_);
}

TEST_F(ReceiveQueueTest, StaysLongForWhoCatchesUp) {
    for (size_t i = 0; i < kTurnsOfAFlood; ++i) {
        for (int turn = 0; turn < 5; ++turn) queue_.note_turn(kTurn, false);
        queue_.note_turn(kTurn / 2, true);
    }
    EXPECT_FALSE(queue_.is_short());
    EXPECT_EQ(size(), long_);
}

// A server gives its privileges up once its sockets are open: what root was given then, nobody
// gets again.
TEST_F(ReceiveQueueTest, StaysLongWhereItCouldNotBecomeSoAgain) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to give that up";
    std::thread unprivileged([this] {
        // Of this thread alone, unlike setresuid().
        ASSERT_EQ(syscall(SYS_setresuid, 65534, 65534, 65534), 0);
        const base::Fd other(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const int asked = long_ / 2;
        const bool may =
            setsockopt(other.get(), SOL_SOCKET, SO_RCVBUFFORCE, &asked, sizeof asked) == 0;
        EXPECT_FALSE(may);
        flood();
    });
    unprivileged.join();
    if (!queue_.is_short()) {
        EXPECT_EQ(size(), long_);
        return;
    }
    // net.core.rmem_max allows everybody the long queue.
    calm_down();
    EXPECT_EQ(size(), long_);
}

}  // namespace
}  // namespace nearcast::serve
