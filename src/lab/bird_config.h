// SPDX-License-Identifier: Apache-2.0
//
// The BIRD configuration of the lab's own routers: transit networks, client cities, the server.
//
// A PoP's configuration is not made here: it is what `nearcast node routing-config` prints.
//
// What makes BGP choose the nearest place, as far as BGP can: the relation decides first (customer,
// peer, provider), the length of the AS path next, and among equals the link with the shortest
// delay, which stands in the MED. That is the "hot potato" that real networks play with their
// internal metrics.

#pragma once

#include <string>

#include "lab/plan.h"

namespace nearcast::lab {

// `state_directory` is where BIRD writes its log.
[[nodiscard]] std::string bird_config(const Plan& plan, size_t router,
                                      const std::string& state_directory);

// The name of a router's session with `neighbor` in that configuration.
[[nodiscard]] std::string bird_session(const std::string& neighbor, bool is_v6);

}  // namespace nearcast::lab
