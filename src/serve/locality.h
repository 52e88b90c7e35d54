// SPDX-License-Identifier: Apache-2.0
//
// Tells whether a query comes from this machine itself, as the guard's questions do.

#pragma once

#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

namespace nearcast::serve {

// Room for either family's address, as recvmsg() and accept() fill it in.
union PeerAddress {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

// The in_addr or in6_addr in it; null when it has neither.
[[nodiscard]] inline const void* ip_of(const PeerAddress& address) {
    if (address.generic.sa_family == AF_INET6) return &address.v6.sin6_addr;
    return address.generic.sa_family == AF_INET ? &address.v4.sin_addr : nullptr;
}

[[nodiscard]] inline uint16_t port_of(const PeerAddress& address) {
    return ntohs(address.generic.sa_family == AF_INET6 ? address.v6.sin6_port
                                                       : address.v4.sin_port);
}

// True for a loopback source, and for a source that equals the destination, an address of this
// machine. `destination` is in_addr or in6_addr, of the source's family; may be null: unknown.
[[nodiscard]] inline bool is_local(const PeerAddress& source, const void* destination) {
    if (source.generic.sa_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&source.v6.sin6_addr) != 0 ||
               (destination != nullptr &&
                std::memcmp(&source.v6.sin6_addr, destination, sizeof(in6_addr)) == 0);
    }
    return ntohl(source.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET ||
           (destination != nullptr &&
            std::memcmp(&source.v4.sin_addr, destination, sizeof(in_addr)) == 0);
}

[[nodiscard]] inline bool has_port(const PeerAddress& peer) { return port_of(peer) != 0; }

}  // namespace nearcast::serve
