// SPDX-License-Identifier: Apache-2.0

#include "anycast/routing_daemon.h"

#include "anycast/bird_client.h"
#include "anycast/frr_client.h"

namespace nearcast::anycast {

std::unique_ptr<RoutingDaemon> make_routing_daemon(const NodeConfig& config) {
    switch (config.routing.daemon) {
        case RoutingDaemonKind::Bird:
            return std::make_unique<BirdClient>(config.routing);
        case RoutingDaemonKind::Frr:
            return std::make_unique<FrrClient>(config.routing);
        case RoutingDaemonKind::None:
            break;
    }
    return nullptr;
}

}  // namespace nearcast::anycast
