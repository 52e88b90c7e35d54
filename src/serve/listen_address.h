// SPDX-License-Identifier: Apache-2.0
//
// An address and port to answer on, as the operator writes it, and the sockets bound to it.
//
// Every worker has sockets of its own on the same address (SO_REUSEPORT): the kernel spreads the
// queries, and workers share nothing. That flag would also let a second server join in unseen, so
// check_are_free() asks first.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace nearcast::serve {

constexpr uint16_t kDnsPort = 53;

// Reads "192.0.2.53:53", "[2001:db8::53]:53", and without a port, which is then 53, or for TLS 853.
// Refuses an IPv6 address without brackets that could be another with a port, as 2001:db8::1:53.
[[nodiscard]] base::Result<base::SocketAddress> parse_listen_address(std::string_view text);
[[nodiscard]] base::Result<base::SocketAddress> parse_tls_address(std::string_view text);

// 0.0.0.0 or [::]: every address of the machine.
[[nodiscard]] bool is_wildcard(const base::SocketAddress& address);

// Fails, with the way out, when another process answers there over UDP or TCP; for TLS over TCP.
[[nodiscard]] base::Result<void> check_is_free(const base::SocketAddress& address);
[[nodiscard]] base::Result<void> check_is_free_for_tls(const base::SocketAddress& address);

// Fails when one of them stands there twice. A worker would have two sockets on it: of plain and of
// TLS connections each would get some of both, and with serve.by_core queries the wrong worker.
[[nodiscard]] base::Result<void> check_are_distinct(std::span<const base::SocketAddress> listen,
                                                    std::span<const base::SocketAddress> tls);

// All of that, of all addresses: asked once, before the first worker is opened.
[[nodiscard]] base::Result<void> check_are_free(std::span<const base::SocketAddress> listen,
                                                std::span<const base::SocketAddress> tls);

// Non-blocking, and bound even before the address exists on this machine. On a wildcard address
// each message comes with the destination it was sent to (IP_PKTINFO).
[[nodiscard]] base::Result<base::Fd> open_udp_socket(const base::SocketAddress& address);

// Non-blocking and listening. What a connection needs is set here: it inherits it.
[[nodiscard]] base::Result<base::Fd> open_tcp_listener(const base::SocketAddress& address);

}  // namespace nearcast::serve
