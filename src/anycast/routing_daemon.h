// SPDX-License-Identifier: Apache-2.0
//
// What a routing daemon tells its neighbours about our prefixes, read back from the daemon itself.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "anycast/node_config.h"
#include "base/address.h"
#include "base/result.h"

namespace nearcast::anycast {

struct Announcement {
    base::IpPrefix prefix;
    bool has_graceful_shutdown = false;  // Bears 65535:0 (RFC 8326).
};

struct NeighborRoutes {
    std::string neighbor;  // As in node.toml.
    bool is_established = false;
    std::vector<Announcement> announced;
};

class RoutingDaemon {
 public:
    RoutingDaemon() = default;
    RoutingDaemon(const RoutingDaemon&) = delete;
    RoutingDaemon& operator=(const RoutingDaemon&) = delete;
    virtual ~RoutingDaemon() = default;

    // One entry for each configured neighbour. Takes as long as the daemon does, at most seconds.
    [[nodiscard]] virtual base::Result<std::vector<NeighborRoutes>> read() = 0;
};

// For the daemon that the configuration names; null for none. The configuration must outlive it.
[[nodiscard]] std::unique_ptr<RoutingDaemon> make_routing_daemon(const NodeConfig& config);

}  // namespace nearcast::anycast
