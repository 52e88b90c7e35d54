// SPDX-License-Identifier: Apache-2.0
//
// Compares what should be announced with what is.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "anycast/guard_logic.h"
#include "anycast/node_config.h"
#include "anycast/routing_daemon.h"

namespace nearcast::anycast {

// Each difference in words, for log and status; empty when all is as it should be. A neighbour
// whose session is down is one difference and not one for each prefix.
[[nodiscard]] std::vector<std::string> find_mismatches(const NodeConfig& config,
                                                       const Signals& signals,
                                                       const std::vector<NeighborRoutes>& routes);

// How many neighbours are told of a service prefix, as a last resort or not.
[[nodiscard]] size_t count_told(const NodeConfig& config,
                                const std::vector<NeighborRoutes>& routes);

}  // namespace nearcast::anycast
