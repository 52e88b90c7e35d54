// SPDX-License-Identifier: Apache-2.0

#include "transfer/link.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

#include "base/bytes.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;
using std::chrono::milliseconds;

constexpr size_t kFrameHeaderSize = 2;
// How soon a wait notices that the program ends.
constexpr milliseconds kStopPoll{200};

}  // namespace

Link::Link(Kind kind, const base::SocketAddress& peer, const std::atomic<bool>& is_stopping)
    : is_stopping_(is_stopping),
      socket_(::socket(
          peer.ip.family(),
          (kind == Kind::Stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const base::NativeAddress native(peer);
    if (!socket_ || ::connect(socket_.get(), native.data(), native.size()) != 0) {
        connect_error_ = errno == EINPROGRESS ? 0 : errno;
    }
}

Result<void> Link::wait(short events, Instant deadline) const {
    if (connect_error_ != 0) return base::fail_errno("cannot connect", connect_error_);
    while (!is_stopping_.load()) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - base::now());
        if (left.count() <= 0) return base::fail("no answer in time");
        pollfd item{socket_.get(), events, 0};
        const auto pause = static_cast<int>(std::min(left, kStopPoll).count());
        if (::poll(&item, 1, pause) > 0) return {};
    }
    return base::fail("this server is stopping");
}

Result<void> Link::write(std::span<const uint8_t> bytes, Instant deadline) const {
    while (!bytes.empty()) {
        if (auto ready = wait(POLLOUT, deadline); !ready) return ready;
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return base::fail_errno("cannot send", errno);
        bytes = bytes.subspan(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
    }
    return {};
}

Result<size_t> Link::read_some(std::span<uint8_t> room, Instant deadline) const {
    for (;;) {
        if (auto ready = wait(POLLIN, deadline); !ready) return std::unexpected(ready.error());
        const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
        if (got > 0) return static_cast<size_t>(got);
        if (got == 0) return base::fail("the peer closed the connection");
        if (errno != EAGAIN && errno != EINTR) return base::fail_errno("cannot receive", errno);
    }
}

Result<void> Link::write_frame(std::span<const uint8_t> message, Instant deadline) const {
    std::vector<uint8_t> frame(kFrameHeaderSize);
    base::store_u16(frame.data(), static_cast<uint16_t>(message.size()));
    frame.insert(frame.end(), message.begin(), message.end());
    return write(frame, deadline);
}

Result<void> Link::read_all(std::span<uint8_t> room, Instant deadline) const {
    while (!room.empty()) {
        const auto got = read_some(room, deadline);
        if (!got) return std::unexpected(got.error());
        room = room.subspan(*got);
    }
    return {};
}

Result<std::vector<uint8_t>> Link::read_frame(Instant deadline) const {
    std::array<uint8_t, kFrameHeaderSize> length{};
    if (auto done = read_all(length, deadline); !done) return std::unexpected(done.error());
    std::vector<uint8_t> message(base::load_u16(length.data()));
    if (auto done = read_all(message, deadline); !done) return std::unexpected(done.error());
    return message;
}

}  // namespace nearcast::transfer
