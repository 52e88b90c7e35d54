// SPDX-License-Identifier: Apache-2.0
//
// TUN devices as the ends of the lab's links.
//
// Links are TUN, not TAP: without Ethernet there are no neighbour tables, of which the kernel holds
// one for all namespaces together (1,024 entries: too few for fifty PoPs), and no ARP in a delay.

#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace nearcast::lab {

// Where the kernel's TUN driver is opened.
inline constexpr const char* kTunDriver = "/dev/net/tun";

// One end of a link, in the calling thread's network namespace. Reads and writes do not block;
// each is one IP packet. The device loses its carrier when the descriptor is closed; it goes with
// its namespace, which the kernel clears away in one sweep and without us waiting for each device.
[[nodiscard]] base::Result<base::Fd> open_tun(const std::string& device);

// From now on the device goes when its descriptor is closed.
[[nodiscard]] base::Result<void> end_with_descriptor(const base::Fd& tun);

// Without carrier the kernel at both routers knows at once that the link is gone.
[[nodiscard]] base::Result<void> set_carrier(const base::Fd& tun, bool has_carrier);

}  // namespace nearcast::lab
