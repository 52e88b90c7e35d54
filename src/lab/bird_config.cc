// SPDX-License-Identifier: Apache-2.0

#include "lab/bird_config.h"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace nearcast::lab {

namespace {

// What stands behind each relation: our role in the session (RFC 9234), how much we like the
// neighbour's routes, and whether it gets routes that are not our customers'.
struct Policy {
    std::string_view role;
    unsigned preference;
    bool gets_everything;
};
constexpr Policy kWithCustomer{.role = "provider", .preference = 300, .gets_everything = true};
constexpr Policy kWithPeer{.role = "peer", .preference = 200, .gets_everything = false};
constexpr Policy kWithProvider{.role = "customer", .preference = 100, .gets_everything = false};

const Policy& policy_of(const Link& link, const std::string& router) {
    if (link.relation == Relation::Peers) return kWithPeer;
    return link.a == router ? kWithCustomer : kWithProvider;
}

// `is_ours` outlives a drain: a route that asked for the last place is still a customer's.
constexpr std::string_view kFilters = R"(
attribute int is_ours;

function take(int liking; int distance; int from_customer)
{
    bgp_local_pref = liking;
    bgp_med = distance;
    is_ours = from_customer;
    # A neighbour about to go asks to be the last choice (RFC 8326).
    if (65535, 0) ~ bgp_community then bgp_local_pref = 0;
    accept;
}

function is_for_all()
{
    if source = RTS_STATIC then return true;
    if defined(is_ours) then return is_ours = 1;
    return false;
}

protocol device { scan time 30; }
)";

bool touches_pop(const Plan& plan, size_t router) {
    const auto is_pop = [&](const Interface& interface) {
        return plan.router(interface.neighbor).kind == RouterKind::Pop;
    };
    return std::ranges::any_of(plan.nodes[router].interfaces, is_pop);
}

void write_bfd(std::ostream& out, const Plan& plan, size_t router) {
    if (!touches_pop(plan, router)) return;
    out << "protocol bfd {\n";
    for (const Interface& interface : plan.nodes[router].interfaces) {
        if (plan.router(interface.neighbor).kind != RouterKind::Pop) continue;
        out << "    interface \"" << interface.device << "\" { interval "
            << plan.topology.bfd_interval.count() << " ms; multiplier 3; };\n";
    }
    out << "}\n";
}

void write_networks(std::ostream& out, const Node& node) {
    for (const Network& network : node.networks) {
        out << "protocol static { ipv" << (network.address.is_v6 ? '6' : '4') << "; route "
            << to_text(network.prefix) << " unreachable; }\n";
    }
}

// What a client sends bears its own address, not that of the link it leaves by.
void write_kernel(std::ostream& out, const Node& node, bool is_v6) {
    out << "protocol kernel { scan time 300; ipv" << (is_v6 ? '6' : '4')
        << " { export filter {\n    if source != RTS_BGP then reject;\n";
    for (const Network& network : node.networks) {
        if (network.address.is_v6 != is_v6) continue;
        out << "    krt_prefsrc = " << to_text(network.address) << ";\n";
    }
    out << "    accept;\n}; }; }\n";
}

struct Session {
    const Plan& plan;
    size_t router;
    const Interface& interface;
    bool is_v6;
};

void write_session(std::ostream& out, const Session& session) {
    const auto& [plan, router, interface, is_v6] = session;
    const Link& link = plan.topology.links[interface.link];
    const Router& neighbor = plan.router(interface.neighbor);
    const Policy& policy = policy_of(link, plan.router(router).name);
    const auto hold = std::max<long long>(3, plan.topology.hold_time.count());
    out << "\nprotocol bgp " << bird_session(neighbor.name, is_v6) << " {\n    local "
        << to_text(is_v6 ? interface.v6 : interface.v4) << " as " << plan.nodes[router].asn
        << ";\n    neighbor " << to_text(is_v6 ? interface.neighbor_v6 : interface.neighbor_v4)
        << " as " << plan.nodes[interface.neighbor].asn << ";\n    interface \"" << interface.device
        << "\"; direct; local role " << policy.role << ";\n    hold time " << hold
        << "; med metric on;\n"
        << "    connect delay time 1; connect retry time 2; error wait time 1, 4;"
        << " error forget time 10;\n    startup hold time 30; graceful restart off;\n";
    if (neighbor.kind == RouterKind::Pop) out << "    bfd on;\n";
    out << "    ipv" << (is_v6 ? '6' : '4') << " {\n        import filter { take("
        << policy.preference << ", " << link.delay.count() << ", "
        << (policy.gets_everything ? 1 : 0) << "); };\n        export "
        << (policy.gets_everything ? "all" : "where is_for_all()") << ";\n    };\n}\n";
}

}  // namespace

std::string bird_session(const std::string& neighbor, bool is_v6) {
    std::string name = "to_" + neighbor + (is_v6 ? "_v6" : "_v4");
    std::ranges::replace(name, '-', '_');
    return name;
}

std::string bird_config(const Plan& plan, size_t router, const std::string& state_directory) {
    const Node& node = plan.nodes[router];
    std::ostringstream out;
    out << "# " << plan.router(router).name << " in " << plan.router(router).city
        << ", written by nearcast lab.\n"
        << "log \"" << state_directory << "/log/" << plan.router(router).name
        << ".log\" { warning, error, fatal, bug };\n"
        << "router id " << to_text(node.router_id) << ";\n"
        << kFilters;
    write_bfd(out, plan, router);
    write_kernel(out, node, false);
    write_kernel(out, node, true);
    write_networks(out, node);
    for (const Interface& interface : node.interfaces) {
        write_session(out, {plan, router, interface, false});
        write_session(out, {plan, router, interface, true});
    }
    return out.str();
}

}  // namespace nearcast::lab
