// SPDX-License-Identifier: Apache-2.0

#include "lab/plan.h"

#include <cassert>

#include "base/bytes.h"

namespace nearcast::lab {

namespace {

using base::IpAddress;
using base::IpPrefix;

constexpr uint32_t kTransitAsnFirst = 64601;
constexpr uint32_t kEdgeAsnFirst = 4200000001;  // Private 32-bit numbers (RFC 6996).

IpAddress v4(uint32_t value) {
    IpAddress address;
    base::store_u32(address.bytes.data(), value);
    return address;
}

IpAddress v6(uint32_t high, uint32_t next, uint32_t low) {
    IpAddress address;
    address.is_v6 = true;
    base::store_u32(address.bytes.data(), high);
    base::store_u32(address.bytes.data() + 4, next);
    base::store_u32(address.bytes.data() + 12, low);
    return address;
}

constexpr uint32_t kLinks4 = 10U << 24 | 128U << 16;
constexpr uint32_t kClients4 = 10U << 24 | 64U << 16;
constexpr uint32_t kRouterIds = 10U << 24;
constexpr uint32_t kController = 10U << 24 | 255U << 16 | 1;
constexpr uint32_t kManagement = 10U << 24 | 255U << 16 | 128U << 8;

Network client_v4(uint32_t index) {
    const uint32_t first = kClients4 | index << 8;
    return {{v4(first), 24}, v4(first | 1)};
}

Network client_v6(uint32_t index) {
    return {{v6(0xfd00000c, index << 16, 0), 48}, v6(0xfd00000c, index << 16, 1)};
}

std::vector<Network> service_networks() {
    constexpr uint32_t kFirst = 192U << 24 | 2U << 8;
    return {{{v4(kFirst), 24}, v4(kFirst | 53)},
            {{v6(0x20010db8, 0x00530000, 0), 48}, v6(0x20010db8, 0x00530000, 0x53)}};
}

std::vector<Network> unicast_networks() {
    constexpr uint32_t kFirst = 203U << 24 | 113U << 8;
    return {{{v4(kFirst), 24}, v4(kFirst | 53)},
            {{v6(0x20010db8, 0x01130000, 0), 48}, v6(0x20010db8, 0x01130000, 0x53)}};
}

Interface interface_of(const Plan& plan, size_t link_index, bool is_a) {
    const Link& link = plan.topology.links[link_index];
    const uint32_t number = link.number;
    const uint32_t mine = is_a ? 0 : 1;
    const std::string& neighbor = is_a ? link.b : link.a;
    return {.link = link_index,
            .neighbor = plan.topology.index_of(neighbor),
            .device = "to-" + neighbor,
            .v4 = v4(kLinks4 + 2 * number + mine),
            .v6 = v6(0xfd000001, number << 16, mine),
            .neighbor_v4 = v4(kLinks4 + 2 * number + 1 - mine),
            .neighbor_v6 = v6(0xfd000001, number << 16, 1 - mine)};
}

Node make_node(const Plan& plan, size_t index) {
    const Router& router = plan.topology.routers[index];
    const uint32_t number = router.number;
    Node node{.net_namespace = kNamespacePrefix + router.name,
              .router_id = v4(kRouterIds + number + 1),
              .interfaces = {},
              .networks = {},
              .management = {}};
    switch (router.kind) {
        case RouterKind::Transit:
            node.asn = kTransitAsnFirst + number;
            break;
        case RouterKind::Pop:
            node.asn = kAnycastAsn;
            node.networks = plan.service;
            node.management = v4(kManagement + number);
            break;
        case RouterKind::Client:
            node.asn = kEdgeAsnFirst + number;
            node.networks = {client_v4(number), client_v6(number)};
            break;
        case RouterKind::Server:
            node.asn = kEdgeAsnFirst + number;
            node.networks = unicast_networks();
            break;
    }
    return node;
}

}  // namespace

Plan make_plan(Topology topology) {
    assign_numbers(topology);
    Plan plan{
        .topology = std::move(topology), .nodes = {}, .service = service_networks(), .unicast = {}};
    for (size_t i = 0; i < plan.topology.routers.size(); ++i) {
        plan.nodes.push_back(make_node(plan, i));
        if (plan.router(i).kind == RouterKind::Server) plan.unicast = plan.nodes[i].networks;
    }
    for (size_t i = 0; i < plan.topology.links.size(); ++i) {
        const Link& link = plan.topology.links[i];
        plan.nodes[plan.topology.index_of(link.a)].interfaces.push_back(
            interface_of(plan, i, true));
        plan.nodes[plan.topology.index_of(link.b)].interfaces.push_back(
            interface_of(plan, i, false));
    }
    return plan;
}

base::IpAddress controller_address() { return v4(kController); }

base::SocketAddress dns_address(const std::vector<Network>& networks, bool is_v6) {
    for (const Network& network : networks) {
        if (network.address.is_v6 == is_v6) return {network.address, kDnsPort};
    }
    assert(false);
    return {};
}

}  // namespace nearcast::lab
