// SPDX-License-Identifier: Apache-2.0

#include "control/api/http_connection.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace nearcast::control_api {
namespace {

using Phase = ConnectionDesk::Phase;
using Io = tls::Io;

// The request line and all headers. Clients of ours send less than 2 KiB.
constexpr size_t kHeadSizeMax = size_t{64} << 10;

// False: it is not readable, or writable, in time.
bool poll_until(int fd, short events, base::Instant deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::now());
    if (left.count() <= 0) return false;
    pollfd wait{fd, events, 0};
    return ::poll(&wait, 1, static_cast<int>(left.count())) > 0;
}

}  // namespace

HttpConnection::HttpConnection(tls::Stream stream, ConnectionDesk& desk,
                               ConnectionDesk::Connection& place, const HttpPatience& patience)
    : stream_(std::move(stream)),
      desk_(desk),
      place_(place),
      patience_(patience),
      head_left_(kHeadSizeMax) {}

HttpConnection::~HttpConnection() { desk_.leave(place_); }

bool HttpConnection::await_request() {
    head_left_ = kHeadSizeMax;
    is_in_line_ = true;
    has_query_ = false;
    // Who connects has something to ask.
    if (!std::exchange(is_first_, false)) {
        if (!begin(Phase::Idle)) return false;
        const bool is_there = begin_ < end_ || stream_.is_pending();
        if (!is_there && !poll_until(stream_.fd(), POLLIN, since_ + patience_.idle_limit)) {
            return false;
        }
    }
    return begin(Phase::Asking);
}

void HttpConnection::finish() {
    if (is_over_ || !begin(Phase::Idle)) return;
    stream_.finish();
    while (poll_until(stream_.fd(), POLLIN, since_ + patience_.end_limit)) {
        if (::recv(stream_.fd(), room_.data(), room_.size(), MSG_DONTWAIT) <= 0) return;
    }
}

bool HttpConnection::begin(Phase phase) {
    phase_ = phase;
    since_ = base::now();
    moved_ = 0;
    return desk_.enter(place_, phase, since_);
}

base::Instant HttpConnection::deadline() const {
    return since_ + patience_.limit +
           std::chrono::milliseconds(moved_ * 1000 / patience_.bytes_per_second_min);
}

bool HttpConnection::await(Io::State need) const {
    const bool is_input = need == Io::State::NeedsInput;
    const bool can_wait = is_input || need == Io::State::NeedsOutput;
    return can_wait && poll_until(stream_.fd(), is_input ? POLLIN : POLLOUT, deadline());
}

bool HttpConnection::fill() {
    while (!is_over_) {
        const Io io = base::now() < deadline() ? stream_.read(room_) : Io{Io::State::Broken};
        if (io.state == Io::State::Moved) {
            begin_ = 0;
            end_ = io.size;
            moved_ += io.size;
            return true;
        }
        is_over_ = !await(io.state);
    }
    return false;
}

bool HttpConnection::is_readable() const { return !is_over_; }

bool HttpConnection::is_writable() const { return !is_over_; }

// In a query '?' is a character like others (RFC 3986 §3.4), and to the library a mistake.
void HttpConnection::read_line(char& next) {
    if (next == '\n') is_in_line_ = false;
    if (next != '?' || !std::exchange(has_query_, true)) return;
    next = '%';
    spelt_ = "3F";
}

ssize_t HttpConnection::read(char* to, size_t size) {
    if (!spelt_.empty() && size > 0) {
        *to = spelt_.front();
        spelt_.remove_prefix(1);
        return 1;
    }
    if (begin_ == end_ && !fill()) return -1;
    const size_t wanted = is_in_line_ ? std::min<size_t>(size, 1) : size;
    const size_t taken = std::min({wanted, end_ - begin_, head_left_});
    is_over_ = taken == 0;  // The head goes on and on.
    if (is_over_) return -1;
    std::memcpy(to, room_.data() + begin_, taken);
    begin_ += taken;
    if (is_in_line_) read_line(*to);
    if (head_left_ != SIZE_MAX) head_left_ -= taken;
    return static_cast<ssize_t>(taken);
}

ssize_t HttpConnection::write(const char* from, size_t size) {
    if (phase_ == Phase::Answering && !begin(Phase::Taking)) is_over_ = true;
    while (!is_over_) {
        const Io io = stream_.write({reinterpret_cast<const uint8_t*>(from), size});
        if (io.state == Io::State::Moved) {
            moved_ += io.size;
            return static_cast<ssize_t>(io.size);
        }
        is_over_ = !await(io.state);
    }
    return -1;
}

void HttpConnection::get_remote_ip_and_port(std::string& ip, int& port) const {
    ip = base::to_text(place_.peer.ip);
    port = place_.peer.port;
}

// Nobody asks for it.
void HttpConnection::get_local_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

}  // namespace nearcast::control_api
