// SPDX-License-Identifier: Apache-2.0
//
// The address that a datagram was sent to, and so the one that its response leaves from.
//
// On a socket bound to every address the kernel tells it beside each message, and takes the same
// words as the source of a response.

#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

namespace nearcast::serve {

union AddressControl {
    cmsghdr header;
    uint8_t v4[CMSG_SPACE(sizeof(in_pktinfo))];
    uint8_t v6[CMSG_SPACE(sizeof(in6_pktinfo))];
};

// The address that the sender asked, as in_addr or in6_addr; null when the kernel did not tell.
[[nodiscard]] const void* destination_of(const AddressControl& control, size_t control_size);

// Makes the destination that came with a message the source of its response.
void turn_round(AddressControl& control);

}  // namespace nearcast::serve
