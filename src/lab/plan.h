// SPDX-License-Identifier: Apache-2.0
//
// Every address, number and device name of a lab, computed from its topology and from nothing else.
//
// A command that comes later finds the same plan again by reading the topology that `up` left.
// All addresses are private or reserved for documentation (RFC 1918, RFC 4193, RFC 5737, RFC 3849),
// so that nothing here can be mistaken for the internet:
//
//   anycast service   192.0.2.53 of 192.0.2.0/24     2001:db8:53::53 of 2001:db8:53::/48
//   a client's net    10.64+i/256.i%256.0/24 (.1)    fd00:c:i::/48 (::1)
//   the unicast one   203.0.113.0/24 (.53)           2001:db8:113::/48 (::53)
//   a link            10.128.2i/31                   fd00:1:i::/127
//   the controller    10.255.0.1, and a PoP for it   10.255.128+i/256.i%256
//
// i is the number of the router or link.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "lab/topology.h"

namespace nearcast::lab {

inline constexpr const char* kNamespacePrefix = "nclab-";
// Where the controller lives: no router's.
inline constexpr const char* kControlNamespace = "nclab-control";
inline constexpr const char* kLiveDevice = "nc-live0";
inline constexpr const char* kPrefDevice = "nc-pref0";
inline constexpr uint16_t kDnsPort = 53;
// A PoP's AS number is the same everywhere: one network in many places.
inline constexpr uint32_t kAnycastAsn = 65010;

// An address of a router with the prefix it comes from.
struct Network {
    base::IpPrefix prefix;
    base::IpAddress address;
};

// One end of a link, seen from the router that it belongs to.
struct Interface {
    size_t link = 0;      // Index into the topology's links.
    size_t neighbor = 0;  // Index of the router at the other end.
    std::string device;   // "to-t1-asia".
    base::IpAddress v4, v6;
    base::IpAddress neighbor_v4, neighbor_v6;
};

struct Node {
    std::string net_namespace;  // "nclab-tokyo".
    uint32_t asn = 0;
    base::IpAddress router_id;
    std::vector<Interface> interfaces;
    std::vector<Network> networks;  // On its loopback device; announced by it unless it is a PoP.
    // Of a PoP: by which the controller knows it, on a wire of their own. What breaks a PoP's links
    // leaves that whole.
    base::IpAddress management;
};

struct Plan {
    Topology topology;
    std::vector<Node> nodes;       // In the order of the topology's routers.
    std::vector<Network> service;  // The anycast addresses: IPv4, IPv6.
    std::vector<Network> unicast;  // Empty without a router of kind Server.

    [[nodiscard]] const Router& router(size_t index) const { return topology.routers[index]; }
    [[nodiscard]] const Node& node(std::string_view router_name) const {
        return nodes[topology.index_of(router_name)];
    }
};

// `topology` has passed check().
[[nodiscard]] Plan make_plan(Topology topology);

[[nodiscard]] base::IpAddress controller_address();
// The controller's end of such a wire is named like that of any link; this is the PoP's.
inline constexpr const char* kManagementDevice = "to-control";

// The address of the given family that users ask; the anycast one, or the unicast one.
[[nodiscard]] base::SocketAddress dns_address(const std::vector<Network>& networks, bool is_v6);

}  // namespace nearcast::lab
