// SPDX-License-Identifier: Apache-2.0
//
// How many packets each core has received, as the kernel counts them.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nearcast::serve {

// Packets since the machine started, modulo 2^32, whatever became of them. A core that is not there
// has none.
struct CoreArrivals {
    std::vector<uint32_t> by_core;  // By the core's number.
    uint32_t looped = 0;            // Of all these, what this machine sent to itself, over `lo`.
};

// Now; empty where the kernel does not tell.
[[nodiscard]] CoreArrivals read_core_arrivals();

// The first column of /proc/net/softnet_stat, by the core that the 13th names. Older kernels have
// fewer columns, and a line for each core that is there.
[[nodiscard]] std::vector<uint32_t> parse_softnet_stat(std::string_view text);

}  // namespace nearcast::serve
