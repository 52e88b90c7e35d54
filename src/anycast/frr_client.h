// SPDX-License-Identifier: Apache-2.0
//
// Reads from FRR 8, through its vtysh, what it advertises to our neighbours.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "anycast/routing_daemon.h"

namespace nearcast::anycast {

class FrrClient : public RoutingDaemon {
 public:
    // Runs `vtysh -c COMMAND` and returns what it prints.
    using Vtysh = std::function<base::Result<std::string>(const std::string& command)>;

    // `config` must outlive it.
    explicit FrrClient(const RoutingConfig& config);
    FrrClient(const RoutingConfig& config, Vtysh vtysh)
        : config_(config), vtysh_(std::move(vtysh)) {}

    [[nodiscard]] base::Result<std::vector<NeighborRoutes>> read() override;

 private:
    [[nodiscard]] base::Result<void> read_neighbor(const Neighbor& neighbor,
                                                   NeighborRoutes& routes);

    const RoutingConfig& config_;
    Vtysh vtysh_;
};

}  // namespace nearcast::anycast
