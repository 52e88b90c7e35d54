// SPDX-License-Identifier: Apache-2.0
//
// The last part of `nearcast node join`, which needs root: from files that are right to a node that
// runs and is announced.

#pragma once

#include <string>

#include "anycast/node_config.h"
#include "base/result.h"

namespace nearcast {

struct StartPlace {
    std::string bird_config = "/etc/bird/bird.conf";
    std::string frr_directory = "/etc/frr";
    // No service manager has a part in it: the node becomes this process, and the routing daemon
    // runs already.
    bool is_foreground = false;
};

// Before a server is a node: whether those below will find what they need, for the routing daemon
// "bird", "frr" or "none".
[[nodiscard]] base::Result<void> check_start(const std::string& daemon, const StartPlace& place);

// Service addresses, signal devices, the routing daemon's configuration (checked by the daemon's
// own program before it takes the place of the old one): all but the node itself.
[[nodiscard]] base::Result<void> set_up_machine(const anycast::NodeConfig& config,
                                                const StartPlace& place);

// The node itself; in the foreground it comes back only when that fails. The error's hint says how
// to try that again, alone.
[[nodiscard]] base::Result<void> start_node(const anycast::NodeConfig& config,
                                            const StartPlace& place);

}  // namespace nearcast
