// SPDX-License-Identifier: Apache-2.0

#include "lab/router_setup.h"

#include <algorithm>
#include <array>

#include "lab/controller.h"
#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/netlink.h"
#include "lab/netns.h"
#include "lab/node_user.h"
#include "lab/process.h"

namespace nearcast::lab {

namespace {

using base::Result;

struct Setting {
    const char* path;
    const char* value;
};
// A new namespace takes over some of the host's settings, others not: say all that matter.
constexpr std::array kSettings{
    Setting{"/proc/sys/net/ipv4/ip_forward", "1"},
    Setting{"/proc/sys/net/ipv6/conf/all/disable_ipv6", "0"},
    Setting{"/proc/sys/net/ipv6/conf/all/forwarding", "1"},
    Setting{"/proc/sys/net/ipv6/conf/default/forwarding", "1"},
    // No link-local addresses: BGP and BFD use the ones of the plan.
    Setting{"/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1"},
    // The way back is often another one.
    Setting{"/proc/sys/net/ipv4/conf/all/rp_filter", "0"},
    Setting{"/proc/sys/net/ipv4/conf/default/rp_filter", "0"},
};

// A BFD packet that waits for the processor is a link that seems dead.
constexpr int kNiceWithBfd = -10;

}  // namespace

Result<void> make_namespace(const std::string& name) {
    if (auto done = create_namespace(name); !done) return done;
    for (const auto& [path, value] : kSettings) {
        if (auto done = write_text(path, value); !done) return done;
    }
    auto netlink = Netlink::open();
    if (!netlink) return std::unexpected(netlink.error());
    return netlink->bring_up("lo");
}

Result<void> make_router(const Plan& plan, size_t router) {
    const Node& node = plan.nodes[router];
    if (auto done = make_namespace(node.net_namespace); !done) return done;
    // A fresh server has no service address: `nearcast node join` gives it those.
    if (plan.router(router).kind == RouterKind::Pop) return {};
    auto netlink = Netlink::open();
    if (!netlink) return std::unexpected(netlink.error());
    for (const Network& network : node.networks) {
        const auto length = static_cast<uint8_t>(network.address.bits());
        if (auto done = netlink->add_address("lo", network.address, length); !done) return done;
    }
    return {};
}

namespace {

// Both ends; leaves the calling thread in the PoP.
Result<void> connect_to_controller(const Plan& plan, size_t pop) {
    if (auto done = connect_controller(plan, pop); !done) return done;
    const Node& node = plan.nodes[pop];
    if (auto done = move_into_namespace(node.net_namespace); !done) return done;
    auto netlink = Netlink::open();
    if (!netlink) return std::unexpected(netlink.error());
    if (auto done = netlink->bring_up(kManagementDevice); !done) return done;
    return netlink->add_peer(kManagementDevice, node.management, controller_address());
}

}  // namespace

Result<void> connect_interface(const Plan& plan, size_t router, const Interface& interface) {
    if (auto done = move_into_namespace(plan.nodes[router].net_namespace); !done) return done;
    auto netlink = Netlink::open();
    if (!netlink) return std::unexpected(netlink.error());
    Result<void> done = netlink->bring_up(interface.device);
    if (done) done = netlink->add_address(interface.device, interface.v4, 31);
    if (done) done = netlink->add_address(interface.device, interface.v6, 127);
    return done;
}

Result<void> connect_router(const Plan& plan, size_t router) {
    const Node& node = plan.nodes[router];
    for (const Interface& interface : node.interfaces) {
        if (auto done = connect_interface(plan, router, interface); !done) return done;
    }
    return plan.router(router).kind == RouterKind::Pop ? connect_to_controller(plan, router)
                                                       : Result<void>{};
}

Result<void> start_bird(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    const auto is_pop = [&](const Interface& interface) {
        return plan.router(interface.neighbor).kind == RouterKind::Pop;
    };
    const bool has_bfd = plan.router(router).kind == RouterKind::Pop ||
                         std::ranges::any_of(plan.nodes[router].interfaces, is_pop);
    // The group may read over the control socket what is announced: the guard does.
    return start({.arguments = {"bird", "-f", "-g", kNodeUser, "-c", paths::bird_config(name), "-s",
                                paths::bird_socket(name)},
                  .net_namespace = plan.nodes[router].net_namespace,
                  .log = paths::log(name),
                  // What the product writes speaks to the machine's log.
                  .has_no_syslog = plan.router(router).kind == RouterKind::Pop,
                  .nice = has_bfd ? kNiceWithBfd : 0});
}

}  // namespace nearcast::lab
