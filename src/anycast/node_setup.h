// SPDX-License-Identifier: Apache-2.0
//
// What a node needs from root once: its directories, and its signal devices.
//
// Both `nearcast node prepare` and a nearcastd that is started as root do this. Doing it again
// changes nothing.

#pragma once

#include "anycast/node_config.h"
#include "base/result.h"

namespace nearcast::anycast {

// Needs root. The directories and devices then belong to the node's user.
[[nodiscard]] base::Result<void> prepare_node(const NodeConfig& config);

}  // namespace nearcast::anycast
