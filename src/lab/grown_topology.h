// SPDX-License-Identifier: Apache-2.0
//
// Topologies of any size, grown from the list of cities: what `nearcast lab up --pops N` builds.
//
// PoPs stand where people are: cities are taken by population, each continent for its share, and no
// two near each other. Regional networks stand in the largest cities of their continent and buy
// from two of a handful of networks that span it; those all peer. Clients are drawn at random.

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "lab/topology.h"

namespace nearcast::lab {

inline constexpr size_t kPopsMax = 100;

// The same for the same arguments, on any machine. About three routers for each PoP.
[[nodiscard]] base::Result<Topology> grow_topology(size_t pops, uint32_t seed);

}  // namespace nearcast::lab
