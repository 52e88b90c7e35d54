// SPDX-License-Identifier: Apache-2.0

#include "tls/stream.h"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "base/result.h"

namespace nearcast::tls {

Stream::Stream(base::Fd socket) : socket_(std::move(socket)) {}

Stream::Stream(base::Fd socket, TlsSession session)
    : socket_(std::move(socket)), session_(std::move(session)) {}

Stream::Stream(Stream&& other) noexcept
    : socket_(std::move(other.socket_)),
      session_(std::exchange(other.session_, std::nullopt)),
      error_(other.error_) {}

Stream& Stream::operator=(Stream&& other) noexcept {
    session_ = std::exchange(other.session_, std::nullopt);  // Before its socket goes.
    socket_ = std::move(other.socket_);
    error_ = other.error_;
    return *this;
}

Stream::~Stream() = default;

Io Stream::read(std::span<uint8_t> room) noexcept {
    if (session_) return session_->read(room);
    const ssize_t got = ::recv(fd(), room.data(), room.size(), MSG_DONTWAIT);
    if (got > 0) return {Io::State::Moved, static_cast<size_t>(got)};
    if (got == 0) return {Io::State::Ended};
    return errno == EAGAIN || errno == EINTR ? Io{Io::State::NeedsInput} : failed();
}

Io Stream::write(std::span<const uint8_t> bytes) noexcept {
    if (session_) return session_->write(bytes);
    const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return {Io::State::Moved, static_cast<size_t>(sent)};
    return errno == EAGAIN || errno == EINTR ? Io{Io::State::NeedsOutput} : failed();
}

void Stream::finish() noexcept {
    if (session_) session_->say_goodbye();
    ::shutdown(fd(), SHUT_WR);
}

void Stream::end() noexcept {
    if (session_) session_->say_goodbye();
    ::shutdown(fd(), SHUT_RDWR);
}

Io Stream::failed() noexcept {
    error_ = errno;
    return {Io::State::Broken};
}

std::string Stream::problem() const {
    return session_ ? session_->problem() : base::fail_errno("TCP", error_).error().message;
}

}  // namespace nearcast::tls
