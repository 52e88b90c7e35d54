// SPDX-License-Identifier: Apache-2.0

#include "lab/relay_control.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace nearcast::lab {

namespace {

using base::fail_errno;
using base::Fd;
using base::Result;

constexpr timeval kPatience{.tv_sec = 2, .tv_usec = 0};

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail_errno(path, ENAMETOOLONG);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

}  // namespace

Result<Fd> listen_for_orders(const std::string& path) {
    const auto address = address_of(path);
    if (!address) return std::unexpected(address.error());
    Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::unlink(path.c_str());
    if (!socket ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0) {
        return fail_errno(path, errno);
    }
    return socket;
}

void take_order(const Fd& listener, const std::function<std::string(const std::string&)>& obey) {
    const Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    // Whoever connects sends at once; every link of the lab would wait for one who does not.
    constexpr timeval kPatienceOfRelay{.tv_sec = 0, .tv_usec = 20'000};
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatienceOfRelay,
                                sizeof kPatienceOfRelay) != 0) {
        return;
    }
    std::array<char, kOrderMax> buffer;
    const ssize_t length = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (length <= 0) return;
    const std::string answer = obey(std::string(buffer.data(), static_cast<size_t>(length)));
    ::send(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

namespace {

Result<std::string> order_once(const std::string& path, const std::string& order) {
    const auto address = address_of(path);
    if (!address) return std::unexpected(address.error());
    const Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) != 0 ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) !=
            0 ||
        ::send(socket.get(), order.data(), order.size(), MSG_NOSIGNAL) < 0) {
        return fail_errno("the link relay at " + path, errno);
    }
    std::array<char, kOrderMax> buffer;
    const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) return fail_errno("the link relay at " + path, size < 0 ? errno : EPIPE);
    std::string answer(buffer.data(), static_cast<size_t>(size));
    if (!answer.starts_with("ok")) return base::fail("the link relay: " + answer);
    return answer;
}

}  // namespace

Result<std::string> order_relay(const std::string& path, const std::string& order) {
    // On a busy machine the relay may have given us up before we came to speak. Every order may be
    // given twice.
    constexpr int kAttempts = 5;
    Result<std::string> answer = order_once(path, order);
    for (int i = 1; i < kAttempts && !answer; ++i) answer = order_once(path, order);
    return answer;
}

}  // namespace nearcast::lab
