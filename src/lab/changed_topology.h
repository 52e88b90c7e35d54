// SPDX-License-Identifier: Apache-2.0
//
// A topology with one PoP more, or one less. What stays keeps its numbers, so its addresses too.

#pragma once

#include <string>

#include "base/result.h"
#include "lab/topology.h"

namespace nearcast::lab {

// In a city of the list, below the regional networks nearest to it. An empty name: "p-tokyo".
[[nodiscard]] base::Result<Topology> with_pop(Topology topology, const std::string& city,
                                              const std::string& name);

// Fails for the last one.
[[nodiscard]] base::Result<Topology> without_pop(Topology topology, const std::string& name);

}  // namespace nearcast::lab
