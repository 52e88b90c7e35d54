// SPDX-License-Identifier: Apache-2.0

#include "lab/door.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <list>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "lab/files.h"
#include "lab/netns.h"

namespace nearcast::lab {

namespace {

using base::fail_errno;
using base::Fd;
using base::Result;

// The controller takes fewer; those beyond wait in the kernel's queue.
constexpr size_t kConnectionsMax = 256;
constexpr size_t kBufferSize = 65536;
constexpr int kQueue = 128;

// What came in at one end and has not gone out at the other.
struct Flow {
    std::vector<uint8_t> bytes;
    bool has_ended = false;   // Nothing more comes in.
    bool has_passed = false;  // And the other end knows.

    [[nodiscard]] bool has_room() const { return !has_ended && bytes.size() < kBufferSize; }
};

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// False when the connection is broken.
bool take_in(const Fd& socket, Flow& flow) {
    std::array<uint8_t, kBufferSize> buffer;
    const size_t room = kBufferSize - flow.bytes.size();
    const ssize_t size = ::recv(socket.get(), buffer.data(), room, 0);
    if (size < 0) return would_block();
    flow.has_ended = size == 0;
    flow.bytes.insert(flow.bytes.end(), buffer.begin(), buffer.begin() + size);
    return true;
}

bool put_out(const Fd& socket, Flow& flow) {
    if (!flow.bytes.empty()) {
        const ssize_t size =
            ::send(socket.get(), flow.bytes.data(), flow.bytes.size(), MSG_NOSIGNAL);
        if (size < 0) return would_block();
        flow.bytes.erase(flow.bytes.begin(), flow.bytes.begin() + size);
    }
    if (flow.has_ended && flow.bytes.empty() && !flow.has_passed) {
        flow.has_passed = true;
        ::shutdown(socket.get(), SHUT_WR);
    }
    return true;
}

class Passage {
 public:
    Passage(Fd outside, Fd inside) : outside_(std::move(outside)), inside_(std::move(inside)) {}

    void watch(std::vector<pollfd>& polls) const {
        polls.push_back(wish(outside_, in_, out_));
        polls.push_back(wish(inside_, out_, in_));
    }

    // False when it is over.
    bool carry(short outside_events, short inside_events) {
        bool is_well = true;
        if (outside_events != 0 && in_.has_room()) is_well &= take_in(outside_, in_);
        if (inside_events != 0 && out_.has_room()) is_well &= take_in(inside_, out_);
        is_well &= put_out(inside_, in_) && put_out(outside_, out_);
        return is_well && !(in_.has_passed && out_.has_passed);
    }

 private:
    static pollfd wish(const Fd& socket, const Flow& from, const Flow& to) {
        const int events = (from.has_room() ? POLLIN : 0) | (to.bytes.empty() ? 0 : POLLOUT);
        // A socket of which nothing is wanted would tell of its end again and again.
        return {events == 0 ? -1 : socket.get(), static_cast<short>(events), 0};
    }

    Fd outside_, inside_;
    Flow in_, out_;
};

Result<Fd> listen_on_loopback() {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const base::NativeAddress any({{{127, 0, 0, 1}, false}, 0});
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    if (!socket || ::bind(socket.get(), any.data(), any.size()) != 0 ||
        ::listen(socket.get(), kQueue) != 0 ||
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0) {
        return fail_errno("a port on 127.0.0.1", errno);
    }
    // Whole at once: who waits for the file reads it.
    const std::string made = kDoorPortFile + ".new";
    const std::string port = std::to_string(base::from_native(own).port);
    if (auto done = write_text(made, port); !done) return std::unexpected(done.error());
    if (std::rename(made.c_str(), kDoorPortFile.c_str()) != 0) {
        return fail_errno(kDoorPortFile, errno);
    }
    return socket;
}

void let_in(const Fd& listener, const base::NativeAddress& target, std::list<Passage>& passages) {
    Fd outside(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!outside) return;
    // A neighbour on the same kernel: connected at once or never.
    Fd inside(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!inside || ::connect(inside.get(), target.data(), target.size()) != 0) return;
    const int flags = ::fcntl(inside.get(), F_GETFL);
    if (::fcntl(inside.get(), F_SETFL, flags | O_NONBLOCK) != 0) return;
    passages.emplace_back(std::move(outside), std::move(inside));
}

}  // namespace

Result<void> keep_door(base::SocketAddress target) {
    const auto listener = listen_on_loopback();
    if (!listener) return std::unexpected(listener.error());
    if (auto done = move_into_namespace(kControlNamespace); !done) return done;
    const base::NativeAddress native(target);
    std::list<Passage> passages;
    std::vector<pollfd> polls;
    for (;;) {
        polls.clear();
        const bool has_room = passages.size() < kConnectionsMax;
        polls.push_back({has_room ? listener->get() : -1, POLLIN, 0});
        for (const Passage& passage : passages) passage.watch(polls);
        if (::poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) {
            return fail_errno("poll", errno);
        }
        size_t next = 1;
        for (auto each = passages.begin(); each != passages.end(); next += 2) {
            const bool goes_on = each->carry(polls[next].revents, polls[next + 1].revents);
            each = goes_on ? std::next(each) : passages.erase(each);
        }
        if (polls[0].revents != 0) let_in(*listener, native, passages);
    }
}

}  // namespace nearcast::lab
