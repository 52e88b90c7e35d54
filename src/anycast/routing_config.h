// SPDX-License-Identifier: Apache-2.0
//
// Writes a routing daemon's whole configuration from node.toml, ready to use and commented.
//
// What it promises: nothing but the service and covering prefixes can leave, whatever else the
// daemon learns; the service prefixes follow the carrier of the two signal devices; the covering
// prefixes are always announced; no session uses graceful restart, which would keep routes to a
// dead node alive.

#pragma once

#include <string>

#include "anycast/node_config.h"

namespace nearcast::anycast {

[[nodiscard]] std::string render_bird_config(const NodeConfig& config);  // BIRD 2.0.11 and later.
[[nodiscard]] std::string render_frr_config(const NodeConfig& config);   // FRR 8.4 and later.

// A session that neither BFD nor a cable tells of its end is given up after this. Less is risky:
// some routers round 3 s keepalives up under load.
constexpr unsigned kHoldTimeWithoutBfd = 9;
constexpr unsigned kHoldTimeWithBfd = 90;

}  // namespace nearcast::anycast
