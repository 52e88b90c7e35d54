// SPDX-License-Identifier: Apache-2.0
//
// What has to be known of a network interface before queries are taken from it.

#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace nearcast::xdp {

struct Interface {
    std::string name;
    uint32_t index = 0;
    std::array<uint8_t, 6> mac{};
    uint32_t mtu = 0;
    uint32_t queues = 1;  // That packets may come in by.
};

// Fails when there is none of that name, or queries could not be answered right over it: it is no
// Ethernet, it takes VLAN tags away before anyone sees them while there are VLANs on it, or its MTU
// has no room for the smallest limit of a DNS response.
[[nodiscard]] base::Result<Interface> read_interface(const std::string& name);

}  // namespace nearcast::xdp
