// SPDX-License-Identifier: Apache-2.0

#include "serve/listen_address.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/listener.h"
#include "serve/socket_buffer.h"

namespace nearcast::serve {
namespace {

using base::Fd;
using base::Result;
using base::SocketAddress;

// Responses leave at once; they only wait where the device is slower than the worker. One full
// batch of the largest responses is 64 x 1232 bytes, with the kernel's overhead 160 KiB.
constexpr int kUdpSendBuffer = 1 << 20;

// Connections established but not accepted yet. The kernel caps it at net.core.somaxconn, 4096.
constexpr int kTcpBacklog = 1024;

// What one connection may hold unsent in the kernel: the largest response once. A peer that reads
// nothing costs this and the connection's own buffers, no more.
constexpr int kTcpUnsentMax = 64 << 10;

// A peer that acknowledges nothing for so long is gone: it is not worth a slot.
constexpr int kTcpUserTimeoutMs = 10'000;

// Connections that may begin with a question before the handshake of TCP is done (RFC 7413), where
// the system lets servers do so (net.ipv4.tcp_fastopen & 2). Each came with a cookie, so not from a
// forged address; doubled, twice as many questions of those who collected cookies may wait.
constexpr int kTcpFastOpenMax = 256;

constexpr int kOn = 1;

constexpr uint16_t kDotPort = 853;  // RFC 7858 §3.1.

bool set(const Fd& socket, int level, int option, int value) {
    return setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

Result<Fd> open_socket(const SocketAddress& address, int type) {
    Fd socket(::socket(address.ip.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return base::fail_errno("open a socket for " + to_text(address), errno);
    // A service address may come after the server: the guard adds it, or the network is still
    // starting. IPv6 sockets do not take IPv4: 0.0.0.0 and [::] can stand side by side.
    const bool is_ready = address.ip.is_v6 ? set(socket, IPPROTO_IPV6, IPV6_V6ONLY, kOn) &&
                                                 set(socket, IPPROTO_IPV6, IPV6_FREEBIND, kOn)
                                           : set(socket, IPPROTO_IP, IP_FREEBIND, kOn);
    if (!is_ready) return base::fail_errno("prepare a socket for " + to_text(address), errno);
    return socket;
}

Result<void> bind_to(const Fd& socket, const SocketAddress& address, std::string_view transport) {
    const base::NativeAddress native(address);
    if (::bind(socket.get(), native.data(), native.size()) == 0) return {};
    const int error = errno;
    auto failed = base::fail_errno(
        "listen on " + to_text(address) + " (" + std::string(transport) + ")", error);
    failed.error().hint = base::listen_hint(address, error);
    return failed;
}

Result<void> try_bind(const SocketAddress& address, int type, std::string_view transport) {
    const Result<Fd> socket = open_socket(address, type);
    if (!socket) return std::unexpected(socket.error());
    // Connections of a server that just ended linger on its port; they are no obstacle.
    if (type == SOCK_STREAM) set(*socket, SOL_SOCKET, SO_REUSEADDR, kOn);
    return bind_to(*socket, address, transport);
}

// A forged "packet too big" must not make this host fragment for a client, nor shrink what it
// sends: OMIT ignores what the path is said to carry, and never sets DF. DONT would send without DF
// too, but cuts a response into fragments of the size that the forged message told (552 bytes, or
// 1280): into what an attacker needs to put a fragment of his own in (RFC 9715 §3). INTERFACE would
// drop what an interface of less than 1500 bytes does not take. Responses of 1232 bytes fit
// everywhere.
bool never_follow_path_mtu(const Fd& socket, bool is_v6) {
    return is_v6 ? set(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT)
                 : set(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

bool ask_for_destinations(const Fd& socket, bool is_v6) {
    return is_v6 ? set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, kOn)
                 : set(socket, IPPROTO_IP, IP_PKTINFO, kOn);
}

// What is meant by an address and port in the form of another server's configuration
// (2001:db8::1@53), or by one whose brackets were forgotten. 2001:db8::1:53 is also an address by
// itself: which one is meant would not show later, since a socket binds what is not there yet.
Result<SocketAddress> read_as_divided(std::string_view text) {
    const size_t end = std::min(text.find_last_of("@:"), text.size());
    const std::string host(text.substr(0, end));
    const std::string port(text.substr(std::min(end + 1, text.size())));
    const bool is_v6 = host.contains(':') && !host.starts_with('[');
    return base::parse_socket_address((is_v6 ? '[' + host + ']' : host) + ':' + port);
}

// `port` where none is said.
Result<SocketAddress> parse_with(std::string_view text, uint16_t port) {
    const std::string quoted = '"' + std::string(text) + '"';
    const Result<SocketAddress> divided = read_as_divided(text);
    if (const Result<base::IpAddress> ip = base::parse_ip_address(text)) {
        if (!divided || divided->port == 0) return SocketAddress{*ip, port};
        return base::fail(
            quoted + " could be an IPv6 address, or one with a port behind it",
            to_text(*divided) + ", or [" + std::string(text) + "]:" + std::to_string(port));
    }
    Result<SocketAddress> address = base::parse_socket_address(text);
    if (!address && divided) address.error().hint = to_text(*divided);
    if (address && address->port == 0) {
        return base::fail(quoted + ": port 0 is none that can be asked",
                          to_text(SocketAddress{address->ip, port}));
    }
    return address;
}

}  // namespace

Result<SocketAddress> parse_listen_address(std::string_view text) {
    return parse_with(text, kDnsPort);
}

Result<SocketAddress> parse_tls_address(std::string_view text) {
    return parse_with(text, kDotPort);
}

bool is_wildcard(const SocketAddress& address) {
    return address.ip == base::IpAddress{.is_v6 = address.ip.is_v6};
}

Result<void> check_is_free(const SocketAddress& address) {
    if (const Result<void> udp = try_bind(address, SOCK_DGRAM, "UDP"); !udp) return udp;
    return try_bind(address, SOCK_STREAM, "TCP");
}

Result<void> check_is_free_for_tls(const SocketAddress& address) {
    return try_bind(address, SOCK_STREAM, "TLS");
}

Result<void> check_are_distinct(std::span<const SocketAddress> listen,
                                std::span<const SocketAddress> tls) {
    std::vector<SocketAddress> all(listen.begin(), listen.end());
    all.insert(all.end(), tls.begin(), tls.end());
    std::ranges::sort(all);
    const auto twice = std::ranges::adjacent_find(all);
    if (twice == all.end()) return {};
    return base::fail("two of the addresses to listen on are " + to_text(*twice),
                      "each once, and one for TLS with a port of its own");
}

Result<void> check_are_free(std::span<const SocketAddress> listen,
                            std::span<const SocketAddress> tls) {
    if (auto distinct = check_are_distinct(listen, tls); !distinct) return distinct;
    for (const SocketAddress& address : listen) {
        if (auto free = check_is_free(address); !free) return free;
    }
    for (const SocketAddress& address : tls) {
        if (auto free = check_is_free_for_tls(address); !free) return free;
    }
    return {};
}

Result<Fd> open_udp_socket(const SocketAddress& address) {
    Result<Fd> socket = open_socket(address, SOCK_DGRAM);
    if (!socket) return socket;
    set_buffer(socket->get(), SO_SNDBUFFORCE, SO_SNDBUF, kUdpSendBuffer);
    const bool is_v6 = address.ip.is_v6;
    if (!set(*socket, SOL_SOCKET, SO_REUSEPORT, kOn) || !never_follow_path_mtu(*socket, is_v6) ||
        (is_wildcard(address) && !ask_for_destinations(*socket, is_v6))) {
        return base::fail_errno("prepare the UDP socket of " + to_text(address), errno);
    }
    if (const Result<void> bound = bind_to(*socket, address, "UDP"); !bound) {
        return std::unexpected(bound.error());
    }
    return socket;
}

Result<Fd> open_tcp_listener(const SocketAddress& address) {
    Result<Fd> socket = open_socket(address, SOCK_STREAM);
    if (!socket) return socket;
    if (!set(*socket, SOL_SOCKET, SO_REUSEADDR, kOn) ||
        !set(*socket, SOL_SOCKET, SO_REUSEPORT, kOn) ||
        !set(*socket, IPPROTO_TCP, TCP_NODELAY, kOn) ||
        !set(*socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kTcpUnsentMax) ||
        !set(*socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kTcpUserTimeoutMs)) {
        return base::fail_errno("prepare the TCP socket of " + to_text(address), errno);
    }
    if (const Result<void> bound = bind_to(*socket, address, "TCP"); !bound) {
        return std::unexpected(bound.error());
    }
    // A system without it serves all the same.
    (void)set(*socket, IPPROTO_TCP, TCP_FASTOPEN, kTcpFastOpenMax);
    if (::listen(socket->get(), kTcpBacklog) != 0) {
        return base::fail_errno("listen on " + to_text(address), errno);
    }
    return socket;
}

}  // namespace nearcast::serve
