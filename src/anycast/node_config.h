// SPDX-License-Identifier: Apache-2.0
//
// What node.toml says about one node: its name, what it serves, announces and to whom.
//
// docs/reference/node-toml.md describes every key. A file that this reads without an error is
// consistent: every prefix has an address that is listened on, every covering prefix covers one.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "anycast/guard_limits.h"
#include "base/address.h"
#include "base/result.h"

namespace nearcast::anycast {

enum class RoutingDaemonKind : uint8_t { None, Bird, Frr };

// Our side's role in a BGP session (RFC 9234 §3).
enum class BgpRole : uint8_t { None, Customer, Peer, Provider, RouteServerClient };

// Which routes a neighbour may give us.
enum class ImportPolicy : uint8_t { None, DefaultRoute, All };

struct Neighbor {
    std::string name;
    base::IpAddress address;
    base::IpAddress local_address;  // Meaningful when has_local_address.
    bool has_local_address = false;
    uint32_t asn = 0;
    BgpRole role = BgpRole::None;
    bool is_multihop = false;
    bool has_bfd = true;
    std::string password;
    uint32_t prefix_max = 0;
    uint8_t prepend = 0;
};

struct RoutingConfig {
    RoutingDaemonKind daemon = RoutingDaemonKind::None;
    uint32_t asn = 0;
    base::IpAddress router_id;
    std::string control_socket;
    ImportPolicy import_policy = ImportPolicy::DefaultRoute;
    uint8_t soft_prepend = 2;
    std::chrono::milliseconds bfd_interval{300};
    uint8_t bfd_multiplier = 3;
    std::chrono::milliseconds poll_interval{5'000};
    std::vector<Neighbor> neighbors;
};

struct NodeConfig {
    std::string path;

    std::string name;
    std::string pop;
    std::string user = "nearcast";
    std::string run_directory = "/run/nearcast";
    std::string state_directory = "/var/lib/nearcast";

    std::string zones_directory = "/var/lib/nearcast/zones";

    std::vector<base::SocketAddress> listen;
    uint32_t threads = 0;  // 0: one for each core.
    // How long before a signature of a zone expires that is a symptom. Shorter than what any signer
    // keeps in reserve (BIND, Knot and ldns sign anew a week before), so a zone that is well never
    // is; long enough to act after a night.
    std::chrono::milliseconds signature_warning = std::chrono::hours(48);

    std::vector<base::IpPrefix> prefixes;
    std::vector<base::IpPrefix> covering;
    std::string live_device = "nc-live0";
    std::string pref_device = "nc-pref0";
    std::string tun = "/dev/net/tun";

    GuardLimits guard;
    std::string probe_zone;  // With its last dot. Empty: the guard asks for id.server in class CH.

    RoutingConfig routing;

    // The addresses listened on that lie in a prefix we announce: what the guard asks.
    [[nodiscard]] std::vector<base::SocketAddress> service_addresses() const;
};

// What leads to a node that runs, and no more.
struct NodeLink {
    std::string run_directory = NodeConfig().run_directory;
    GuardLimits::Time drain_limit = GuardLimits().drain_limit;
};

// Reads that alone: whatever else is wrong in the file, as long as it is TOML, the node that runs
// by what it said before can be asked.
[[nodiscard]] base::Result<NodeLink> read_node_link(const std::string& path);

// Reads the file at `path`. The error is one an operator can act on: file, line, key, way out.
[[nodiscard]] base::Result<NodeConfig> read_node_config(const std::string& path);

// The same from memory; `path` is only for messages.
[[nodiscard]] base::Result<NodeConfig> parse_node_config(std::string_view text,
                                                         const std::string& path);

}  // namespace nearcast::anycast
