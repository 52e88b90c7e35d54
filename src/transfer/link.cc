// SPDX-License-Identifier: Apache-2.0

#include "transfer/link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/fd.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;
using std::chrono::milliseconds;

constexpr size_t kFrameHeaderSize = 2;
// How soon a wait notices that the program ends.
constexpr milliseconds kStopPoll{200};
// What was sent and the peer's kernel has not confirmed for so long: the peer is gone, or nothing
// gets through. Left to itself, the kernel goes on for a quarter of an hour, and so would all who
// share the connection. Halved, a route that takes its time to heal ends transfers.
constexpr milliseconds kUnconfirmedFor{30'000};

// A question that waits until the one before it is confirmed (RFC 896) would cost each a round
// trip more: every message is written whole.
void send_at_once(int socket) {
    constexpr int kOn = 1;
    const auto limit = static_cast<unsigned>(kUnconfirmedFor.count());
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

}  // namespace

Link::Link(Kind kind, const base::SocketAddress& peer, const std::atomic<bool>& is_stopping,
           const tls::TlsContext* tls)
    : is_stopping_(is_stopping) {
    const int type = kind == Kind::Stream ? SOCK_STREAM : SOCK_DGRAM;
    base::Fd socket(::socket(peer.ip.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (kind == Kind::Stream) send_at_once(socket.get());
    const base::NativeAddress native(peer);
    if (!socket || ::connect(socket.get(), native.data(), native.size()) != 0) {
        connect_error_ = errno == EINPROGRESS ? 0 : errno;
    }
    if (tls == nullptr) {
        stream_ = tls::Stream(std::move(socket));
    } else if (auto session = tls->open_session(socket.get())) {
        stream_ = tls::Stream(std::move(socket), *std::move(session));
    } else {
        connect_error_ = ENOMEM;
    }
}

Result<void> Link::wait(short events, Instant deadline) const {
    if (connect_error_ != 0) return base::fail_errno("cannot connect", connect_error_);
    while (!is_stopping_.load()) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - base::now());
        if (left.count() <= 0) return base::fail("no answer in time");
        pollfd item{stream_.fd(), events, 0};
        const auto pause = static_cast<int>(std::min(left, kStopPoll).count());
        if (::poll(&item, 1, pause) > 0) return {};
    }
    return base::fail("this server is stopping");
}

Result<void> Link::wait_for(tls::Io io, Instant deadline) const {
    using State = tls::Io::State;
    if (io.state == State::NeedsInput) return wait(POLLIN, deadline);
    if (io.state == State::NeedsOutput) return wait(POLLOUT, deadline);
    const std::string advice =
        stream_.is_encrypted() ? "compare the [[tls.profile]] with the certificates of both sides"
                               : "";
    if (io.state == State::Ended) {
        // Who refuses a certificate, or misses one, may say so by that alone (RFC 8446 §4.4.2.4).
        return stream_.is_encrypted() && !has_heard_.load()
                   ? base::fail("TLS: the primary closed the connection before it answered", advice)
                   : base::fail("the primary closed the connection");
    }
    const std::lock_guard lock(io_);
    return base::fail((stream_.is_encrypted() ? "TLS: " : "") + stream_.problem(), advice);
}

Result<void> Link::shake_hands(Instant deadline) {
    if (is_ready()) return {};
    if (auto connected = wait(POLLOUT, deadline); !connected) return connected;
    // TLS would say no more than that the other side is gone.
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(stream_.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
        auto failed = base::fail_errno("cannot connect", error);
        if (error == ECONNREFUSED) failed.error().hint = "is the primary up, and on this port?";
        return failed;
    }
    while (!stream_.is_established()) {
        const tls::Io io = stream_.shake_hands();
        if (io.state == tls::Io::State::Moved) break;
        if (auto ready = wait_for(io, deadline); !ready) return ready;
    }
    if (stream_.is_encrypted() && !stream_.session()->peer().is_fit_for_transfers) {
        return base::fail("the primary does not name the protocol dot in TLS",
                          "a primary that speaks XFR over TLS (RFC 9103) on this port");
    }
    is_ready_.store(true);
    return {};
}

tls::Io Link::read_at_hand(std::span<uint8_t> room) {
    const std::lock_guard lock(io_);
    const tls::Io io = stream_.read(room);
    if (io.state == tls::Io::State::Moved) has_heard_.store(true);
    return io;
}

tls::Io Link::write_at_hand(std::span<const uint8_t> bytes) {
    const std::lock_guard lock(io_);
    return stream_.write(bytes);
}

Result<void> Link::write(std::span<const uint8_t> bytes, Instant deadline) {
    if (auto ready = shake_hands(deadline); !ready) return ready;
    while (!bytes.empty()) {
        const tls::Io io = write_at_hand(bytes);
        bytes = bytes.subspan(io.size);
        if (io.state == tls::Io::State::Moved) continue;
        if (auto ready = wait_for(io, deadline); !ready) return ready;
    }
    return {};
}

Result<size_t> Link::read_some(std::span<uint8_t> room, Instant deadline) {
    for (;;) {
        const tls::Io io = read_at_hand(room);
        if (io.state == tls::Io::State::Moved) return io.size;
        if (auto ready = wait_for(io, deadline); !ready) return std::unexpected(ready.error());
    }
}

Result<void> Link::write_frame(std::span<const uint8_t> message, Instant deadline) {
    std::vector<uint8_t> frame(kFrameHeaderSize);
    base::store_u16(frame.data(), static_cast<uint16_t>(message.size()));
    frame.insert(frame.end(), message.begin(), message.end());
    return write(frame, deadline);
}

Result<void> Link::read_all(std::span<uint8_t> room, Instant deadline) {
    while (!room.empty()) {
        const auto got = read_some(room, deadline);
        if (!got) return std::unexpected(got.error());
        room = room.subspan(*got);
    }
    return {};
}

Result<std::vector<uint8_t>> Link::read_frame(Instant deadline) {
    std::array<uint8_t, kFrameHeaderSize> length{};
    if (auto done = read_all(length, deadline); !done) return std::unexpected(done.error());
    std::vector<uint8_t> message(base::load_u16(length.data()));
    if (auto done = read_all(message, deadline); !done) return std::unexpected(done.error());
    return message;
}

}  // namespace nearcast::transfer
