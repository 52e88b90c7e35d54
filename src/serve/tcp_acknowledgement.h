// SPDX-License-Identifier: Apache-2.0
//
// When the kernel acknowledges what a client of TCP has sent.
//
// On a new connection it does so at once, and the response leaves as another segment: one of the
// ten that a connection for a single query has. A response carries the acknowledgement as well. But
// while a query is incomplete there is none, and a client that sends the length and the query by
// two calls, with the algorithm of Nagle (RFC 1122 §4.2.3.4), holds the second back until the first
// is acknowledged: 40 ms.

#pragma once

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace nearcast::serve {

// Connections of this listener: the first query is acknowledged by its response.
inline void acknowledge_by_response(int listener) {
    const int quick = 0;
    (void)::setsockopt(listener, IPPROTO_TCP, TCP_QUICKACK, &quick, sizeof quick);
}

inline void acknowledge_now(int connection) {
    const int quick = 1;
    (void)::setsockopt(connection, IPPROTO_TCP, TCP_QUICKACK, &quick, sizeof quick);
}

}  // namespace nearcast::serve
