// SPDX-License-Identifier: Apache-2.0

#include "serve/datagram_address.h"

#include <cstddef>
#include <cstring>

namespace nearcast::serve {

const void* destination_of(const AddressControl& control, size_t control_size) {
    if (control_size < sizeof(cmsghdr)) return nullptr;
    const uint8_t* data = CMSG_DATA(&control.header);
    if (control.header.cmsg_level == IPPROTO_IP && control.header.cmsg_type == IP_PKTINFO) {
        return data + offsetof(in_pktinfo, ipi_spec_dst);
    }
    if (control.header.cmsg_level == IPPROTO_IPV6 && control.header.cmsg_type == IPV6_PKTINFO) {
        return data + offsetof(in6_pktinfo, ipi6_addr);
    }
    return nullptr;
}

// The interface is left to routing, except for a link-local address, which means nothing without
// its link.
void turn_round(AddressControl& control) {
    uint8_t* data = CMSG_DATA(&control.header);
    const int any_interface = 0;
    if (control.header.cmsg_level == IPPROTO_IP) {
        std::memcpy(data + offsetof(in_pktinfo, ipi_ifindex), &any_interface, sizeof(int));
        return;
    }
    in6_addr source{};
    std::memcpy(&source, data + offsetof(in6_pktinfo, ipi6_addr), sizeof source);
    if (IN6_IS_ADDR_LINKLOCAL(&source) != 0) return;
    std::memcpy(data + offsetof(in6_pktinfo, ipi6_ifindex), &any_interface, sizeof(int));
}

}  // namespace nearcast::serve
