// SPDX-License-Identifier: Apache-2.0

#include "base/listener.h"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <sys/socket.h>

namespace nearcast::base {
namespace {

// ::ffff:192.0.2.1 is 192.0.2.1, who came to a listener of both.
IpAddress unmapped(const IpAddress& address) {
    if (!kIpv4Mapped.contains(address)) return address;
    IpAddress v4;
    std::copy_n(address.bytes.begin() + kIpv4Mapped.length / 8, 4, v4.bytes.begin());
    return v4;
}

}  // namespace

std::string listen_hint(const SocketAddress& address, int error) {
    const std::string port = std::to_string(address.port);
    if (error == EADDRINUSE) return "see who holds it: ss -lnptu 'sport = :" + port + "'";
    if (error == EACCES)
        return "start as root or with CAP_NET_BIND_SERVICE, or use a port from 1024";
    if (error == EADDRNOTAVAIL) return "see the addresses of this machine: ip address";
    return {};
}

Result<Fd> listen_tcp(const SocketAddress& address, Ipv4 ipv4) {
    constexpr int kOn = 1;
    const int is_v6_alone = ipv4 == Ipv4::Apart ? 1 : 0;
    Fd socket(
        ::socket(address.ip.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    const NativeAddress native(address);
    if (socket && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn) == 0 &&
        (!address.ip.is_v6 || ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &is_v6_alone,
                                           sizeof is_v6_alone) == 0) &&
        ::bind(socket.get(), native.data(), native.size()) == 0 &&
        ::listen(socket.get(), SOMAXCONN) == 0) {
        return socket;
    }
    const int error = errno;
    auto failed = fail_errno("cannot listen on " + to_text(address), error);
    failed.error().hint = listen_hint(address, error);
    return failed;
}

uint16_t port_of(const Fd& listener) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return from_native(address).port;
}

Arrival accept_tcp(const Fd& listener) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Fd socket(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                        SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
        const bool lacks_room =
            errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
        return {.socket = {}, .peer = {}, .lacks_room = lacks_room};
    }
    SocketAddress address = from_native(peer);
    address.ip = unmapped(address.ip);
    return {.socket = std::move(socket), .peer = address, .lacks_room = false};
}

}  // namespace nearcast::base
