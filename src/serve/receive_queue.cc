// SPDX-License-Identifier: Apache-2.0

#include "serve/receive_queue.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "serve/socket_buffer.h"

namespace nearcast::serve {
namespace {

// A small datagram costs the kernel 768 bytes, so this holds 5,400 of them: 27 ms at 200,000
// queries a second. Halved, a time slice of another process (10 ms) loses queries on a busy core.
constexpr int kLong = 4 << 20;

// What a worker takes in one turn: with less, a worker that also has connections would give them
// more of its time than ever. Two or three milliseconds.
constexpr int kShort = 768 << 10;

// More than a long queue holds, and than comes in while that is worked off at half of what a worker
// can do: who was merely paused has caught up by then.
constexpr size_t kBehindMax = 16'384;

// Turns in a row that leave nothing behind, until a flood is over: it may pause for one or two.
constexpr size_t kCalmTurns = 16;

// At most what net.core.rmem_max allows, but for root.
void set_size(int socket, int size) noexcept {
    set_buffer(socket, SO_RCVBUFFORCE, SO_RCVBUF, size);
}

int size_of(int socket) noexcept {
    int size = 0;
    socklen_t length = sizeof size;
    return getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, &length) == 0 ? size : 0;
}

// What a socket could get now. Privileges may have been dropped since others were opened.
int attainable_size() noexcept {
    const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return 0;
    set_size(socket.get(), kLong);
    return size_of(socket.get());
}

}  // namespace

ReceiveQueue::ReceiveQueue(int socket) : socket_(socket) { set_size(socket_, kLong); }

void ReceiveQueue::note_turn(size_t taken, bool is_emptied) noexcept {
    behind_ = is_emptied ? 0 : behind_ + taken;
    calm_ = is_emptied ? calm_ + 1 : 0;
    if (is_short_ && calm_ >= kCalmTurns) {
        set_size(socket_, kLong);
        is_short_ = false;
    }
    if (behind_ > kBehindMax && !is_short_) shorten();
}

void ReceiveQueue::shorten() noexcept {
    behind_ = 0;
    const int size = size_of(socket_);
    if (size <= kShort || attainable_size() < size) return;
    set_size(socket_, kShort);
    is_short_ = true;
}

}  // namespace nearcast::serve
