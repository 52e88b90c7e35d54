// SPDX-License-Identifier: Apache-2.0

#include "anycast/node_config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include <net/if.h>

#include "base/config_file.h"
#include "dns/name.h"

namespace nearcast::anycast {
namespace {

using base::ConfigFile;
using base::ConfigTable;
using base::IpAddress;
using base::IpPrefix;
using base::Result;
using base::SocketAddress;

template <typename T>
struct Choice {
    std::string_view word;
    T value;
};

constexpr std::array kDaemons = {Choice{"bird", RoutingDaemonKind::Bird},
                                 Choice{"frr", RoutingDaemonKind::Frr},
                                 Choice{"none", RoutingDaemonKind::None}};
constexpr std::array kRoles = {Choice{"customer", BgpRole::Customer}, Choice{"peer", BgpRole::Peer},
                               Choice{"provider", BgpRole::Provider},
                               Choice{"rs-client", BgpRole::RouteServerClient},
                               Choice{"none", BgpRole::None}};
constexpr std::array kImports = {Choice{"none", ImportPolicy::None},
                                 Choice{"default", ImportPolicy::DefaultRoute},
                                 Choice{"all", ImportPolicy::All}};

template <typename T, size_t Count>
auto one_of(const std::array<Choice<T>, Count>& choices) {
    return [&choices](std::string_view text) -> Result<T> {
        std::string words;
        for (const auto& [word, value] : choices) {
            if (word == text) return value;
            words += (words.empty() ? "\"" : ", \"") + std::string(word) + '"';
        }
        return base::fail("found \"" + std::string(text) + '"', "one of " + words);
    };
}

constexpr size_t kLabelSizeMax = 63;  // Names appear as labels: in id.server and in metrics.

Result<std::string> parse_label(std::string_view text) {
    const auto is_allowed = [](unsigned char byte) {
        return std::islower(byte) != 0 || std::isdigit(byte) != 0 || byte == '-';
    };
    if (!text.empty() && text.size() <= kLabelSizeMax && text.front() != '-' &&
        std::ranges::all_of(text, is_allowed)) {
        return std::string(text);
    }
    return base::fail("found \"" + std::string(text) + '"',
                      "lower case letters, digits and hyphens, as in \"sin1\"");
}

// Port 0 means any free one: neither users nor the guard would find the server there.
Result<SocketAddress> parse_listen(std::string_view text) {
    auto address = base::parse_socket_address(text);
    if (address && address->port == 0) {
        return base::fail('"' + std::string(text) + "\" has no port where it could be asked",
                          to_text(SocketAddress{address->ip, 53}));
    }
    return address;
}

Result<std::string> parse_zone(std::string_view text) {
    const dns::Name root;
    const auto name = dns::parse_name(text, &root);
    if (!name) return std::unexpected(name.error());
    return dns::to_text(*name);
}

Result<std::string> parse_device(std::string_view text) {
    if (!text.empty() && text.size() < IFNAMSIZ && text.find_first_of("/ \t\"") == text.npos) {
        return std::string(text);
    }
    return base::fail("found \"" + std::string(text) + "\", a device name has 1 to 15 letters",
                      "\"nc-live0\"");
}

template <typename Number>
void read_small(ConfigTable& table, std::string_view key, Number& value, ConfigTable::Range range,
                std::string_view example) {
    uint64_t number = value;
    table.read_number(key, number, range, example);
    value = static_cast<Number>(number);
}

void read_node(ConfigTable root, NodeConfig& config) {
    root.require("node", "[node]");
    ConfigTable node = root.table("node");
    node.require("name", "\"sin1\"");
    node.require("pop", "\"sin\"");
    node.read_as("name", config.name, parse_label, "\"sin1\"");
    node.read_as("pop", config.pop, parse_label, "\"sin\"");
    node.read("user", config.user, "\"nearcast\"");
    node.read("run_directory", config.run_directory, "\"/run/nearcast\"");
    node.read("state_directory", config.state_directory, "\"/var/lib/nearcast\"");
    ConfigTable zones = root.table("zones");
    zones.read("directory", config.zones_directory, "\"/var/lib/nearcast/zones\"");
    zones.leave("memory_max_mib");  // src/zone reads it.
}

constexpr std::array<std::string_view, 12> kServeKeys = {
    "tls_listen",          "udp_payload_max",
    "tcp_connections_max", "tcp_prefix_connections_max",
    "tcp_prefix_v4",       "tcp_prefix_v6",
    "tcp_idle_limit",      "tls_handshakes_max",
    "tls_handshake_limit", "xdp",
    "xdp_busy_poll",       "by_core"};

constexpr uint64_t kThreadsMax = 256;  // What the page shared by guard and server has room for.

void read_serve(ConfigTable root, NodeConfig& config) {
    root.require("serve", "[serve]");
    ConfigTable serve = root.table("serve");
    serve.require("listen", R"(["192.0.2.53:53", "[2001:db8:53::53]:53"])");
    serve.read_list_as("listen", config.listen, parse_listen,
                       R"(["192.0.2.53:53", "[2001:db8:53::53]:53"])");
    if (config.listen.empty()) serve.refuse("listen", "is empty", "[\"192.0.2.53:53\"]");
    read_small(serve, "threads", config.threads, {0, kThreadsMax}, "0");
    // TLS, and the limits of connections: src/serve reads them.
    for (const std::string_view key : kServeKeys) serve.leave(key);
}

void check_prefixes(ConfigTable& anycast, const NodeConfig& config) {
    for (const IpPrefix& prefix : config.prefixes) {
        if (prefix.length == 0) {
            anycast.refuse("prefixes", to_text(prefix) + " is every address there is",
                           "the prefix that is yours, as in \"192.0.2.0/24\"");
        }
        const bool is_served = std::ranges::any_of(
            config.listen, [&](const auto& address) { return prefix.contains(address.ip); });
        if (!is_served) {
            anycast.refuse("prefixes", "no address in serve.listen lies in " + to_text(prefix),
                           "listen on an address of the prefix, or do not announce it");
        }
    }
    for (const IpPrefix& covering : config.covering) {
        if (covering.length == 0) {
            anycast.refuse("covering", to_text(covering) + " is every address there is",
                           "the prefix that is yours, as in \"192.0.2.0/23\"");
        }
        const bool covers = std::ranges::any_of(config.prefixes, [&](const auto& prefix) {
            return covering.length < prefix.length && covering.contains(prefix);
        });
        if (!covers) {
            anycast.refuse("covering", to_text(covering) + " is not shorter than any prefix in it",
                           "a prefix that holds one of anycast.prefixes, as 192.0.2.0/23 does "
                           "192.0.2.0/24");
        }
    }
}

void read_anycast(ConfigTable root, NodeConfig& config) {
    root.require("anycast", "[anycast]");
    ConfigTable anycast = root.table("anycast");
    anycast.require("prefixes", R"(["192.0.2.0/24", "2001:db8:53::/48"])");
    anycast.read_list_as("prefixes", config.prefixes, base::parse_ip_prefix,
                         R"(["192.0.2.0/24", "2001:db8:53::/48"])");
    if (config.prefixes.empty()) anycast.refuse("prefixes", "is empty", "[\"192.0.2.0/24\"]");
    anycast.read_list_as("covering", config.covering, base::parse_ip_prefix, "[\"192.0.2.0/23\"]");
    anycast.read_as("live_device", config.live_device, parse_device, "\"nc-live0\"");
    anycast.read_as("pref_device", config.pref_device, parse_device, "\"nc-pref0\"");
    anycast.read("tun", config.tun, "\"/dev/net/tun\"");
    if (config.live_device == config.pref_device) {
        anycast.refuse("pref_device", "is the same as live_device",
                       "a name of its own for each of the two");
    }
    check_prefixes(anycast, config);
}

void check_limits(ConfigTable& guard, const GuardLimits& limits) {
    const auto at_least = [&](std::string_view key, GuardLimits::Time value,
                              GuardLimits::Time lowest, std::string_view why) {
        if (value >= lowest) return;
        guard.refuse(key, "is " + base::to_text(value) + ", " + std::string(why),
                     std::string(key) + " = \"" + base::to_text(lowest) + "\" or more");
    };
    using std::chrono::milliseconds;
    at_least("probe_interval", limits.probe_interval, milliseconds(10),
             "which would be a flood of probes");
    at_least("hang_limit", limits.hang_limit, 4 * limits.probe_interval,
             "too few questions before the verdict");
    at_least("guard_silence_limit", limits.guard_silence_limit, milliseconds(100),
             "shorter than a busy machine's pauses");
    // A TCP question is asked once a second, and two of them are needed for a verdict.
    at_least("soft_limit", limits.soft_limit, milliseconds(2'000),
             "too short for two questions over TCP");
    at_least("hold_up_max", limits.hold_up_max, limits.hold_up, "below hold_up");
    at_least("hold_up_reset", limits.hold_up_reset, limits.hold_up_max,
             "so the longest hold-up would never be reached");
    at_least("restart_delay", limits.restart_delay, milliseconds(1), "which is a busy loop");
    at_least("restart_delay_max", limits.restart_delay_max, limits.restart_delay,
             "below restart_delay");
}

void read_guard(ConfigTable root, NodeConfig& config) {
    ConfigTable guard = root.table("guard");
    GuardLimits& limits = config.guard;
    guard.read("probe_interval", limits.probe_interval, "\"50ms\"");
    guard.read("hang_limit", limits.hang_limit, "\"400ms\"");
    guard.read("guard_silence_limit", limits.guard_silence_limit, "\"300ms\"");
    guard.read("soft_limit", limits.soft_limit, "\"2s\"");
    guard.read("soft_recovery", limits.soft_recovery, "\"10s\"");
    guard.read("hold_up", limits.hold_up, "\"10s\"");
    guard.read("hold_up_max", limits.hold_up_max, "\"10m\"");
    guard.read("hold_up_reset", limits.hold_up_reset, "\"20m\"");
    guard.read("restart_delay", limits.restart_delay, "\"20ms\"");
    guard.read("restart_delay_max", limits.restart_delay_max, "\"5s\"");
    guard.read("start_limit", limits.start_limit, "\"5s\"");
    guard.read("linger", limits.linger, "\"10s\"");
    guard.read("drain_limit", limits.drain_limit, "\"2m\"");
    guard.read("signature_warning", config.signature_warning, "\"48h\"");
    guard.read_number("disk_free_min_mib", limits.disk_free_min_mib, {0, UINT32_MAX}, "64");
    guard.read_as("probe_zone", config.probe_zone, parse_zone, "\"example.org\"");
    check_limits(guard, limits);
}

constexpr uint64_t kPrependMax = 3;  // More gains nothing, and some networks filter long paths.

Neighbor read_neighbor(ConfigTable table) {
    Neighbor neighbor;
    table.require("name", "\"transit-a\"");
    table.require("address", "\"198.51.100.1\"");
    table.require("asn", "65001");
    table.read_as("name", neighbor.name, parse_label, "\"transit-a\"");
    table.read_as("address", neighbor.address, base::parse_ip_address, "\"198.51.100.1\"");
    table.read_as("local_address", neighbor.local_address, base::parse_ip_address,
                  "\"198.51.100.2\"");
    neighbor.has_local_address = table.has("local_address");
    read_small(table, "asn", neighbor.asn, {1, UINT32_MAX}, "65001");
    table.read_as("role", neighbor.role, one_of(kRoles), "\"customer\"");
    table.read("multihop", neighbor.is_multihop, "true");
    neighbor.has_bfd = !neighbor.is_multihop;
    table.read("bfd", neighbor.has_bfd, "true");
    table.read("password", neighbor.password, "\"shared secret\"");
    read_small(table, "prefix_max", neighbor.prefix_max, {1, 4'000'000}, "1000");
    read_small(table, "prepend", neighbor.prepend, {0, kPrependMax}, "1");

    if (neighbor.has_local_address && neighbor.local_address.is_v6 != neighbor.address.is_v6) {
        table.refuse("local_address", "is not of the family of the neighbour's address",
                     "the address of this node on the same network");
    }
    if (neighbor.password.find_first_of("\"\\\n ") != std::string::npos) {
        table.refuse("password", "holds a space, a quote or a backslash",
                     "a password of letters, digits and other signs");
    }
    return neighbor;
}

// Room for a default route of each family, with slack for a neighbour that sends a few more.
constexpr uint32_t kPrefixMaxDefaultRoute = 10;
// The global table holds about a million IPv4 routes; twice that is a leak.
constexpr uint32_t kPrefixMaxAll = 2'000'000;

void read_neighbors(ConfigTable& table, RoutingConfig& routing) {
    std::set<std::string> names;
    for (const ConfigTable& each : table.tables("neighbor")) {
        Neighbor neighbor = read_neighbor(each);
        if (neighbor.prefix_max == 0) {
            const bool takes_all = routing.import_policy == ImportPolicy::All;
            neighbor.prefix_max = takes_all ? kPrefixMaxAll : kPrefixMaxDefaultRoute;
        }
        if (!names.insert(neighbor.name).second) {
            ConfigTable(each).refuse("name", '"' + neighbor.name + "\" is the name of another",
                                     "a name of its own for each neighbour");
        }
        routing.neighbors.push_back(std::move(neighbor));
    }
}

Result<IpAddress> parse_router_id(std::string_view text) {
    Result<IpAddress> id = base::parse_ip_address(text);
    if (id && !id->is_v6) return id;
    return base::fail("found \"" + std::string(text) + '"', "an IPv4 address, as in \"10.0.0.1\"");
}

void read_routing(ConfigTable root, NodeConfig& config) {
    ConfigTable table = root.table("routing");
    RoutingConfig& routing = config.routing;
    table.read_as("daemon", routing.daemon, one_of(kDaemons), "\"bird\"");
    if (routing.daemon != RoutingDaemonKind::None) {
        table.require("asn", "65010");
        table.require("router_id", "\"10.0.0.1\"");
        table.require("neighbor", "[[routing.neighbor]]");
    }
    const bool is_frr = routing.daemon == RoutingDaemonKind::Frr;
    routing.control_socket = is_frr ? "/var/run/frr" : "/run/bird/bird.ctl";
    read_small(table, "asn", routing.asn, {1, UINT32_MAX}, "65010");
    table.read_as("router_id", routing.router_id, parse_router_id, "\"10.0.0.1\"");
    table.read("control_socket", routing.control_socket, "\"/run/bird/bird.ctl\"");
    table.read_as("import", routing.import_policy, one_of(kImports), "\"default\"");
    read_small(table, "soft_prepend", routing.soft_prepend, {0, kPrependMax}, "2");
    table.read("bfd_interval", routing.bfd_interval, "\"300ms\"");
    read_small(table, "bfd_multiplier", routing.bfd_multiplier, {2, 50}, "3");
    table.read("poll_interval", routing.poll_interval, "\"5s\"");
    if (routing.bfd_interval < std::chrono::milliseconds(50)) {
        table.refuse("bfd_interval", "is shorter than a busy machine keeps up with",
                     "bfd_interval = \"100ms\" or more");
    }
    read_neighbors(table, routing);
}

Result<NodeConfig> read_all(ConfigFile file, const std::string& path) {
    NodeConfig config;
    config.path = path;
    read_node(file.root(), config);
    read_serve(file.root(), config);
    read_anycast(file.root(), config);
    read_guard(file.root(), config);
    read_routing(file.root(), config);
    // What the server alone has to know: apps/nearcastd/server_sections.h has it read.
    for (const std::string_view key : {"key", "transfer", "secondary", "catalog", "update", "tls",
                                       "store", "cookies", "metrics", "dnstap"}) {
        file.root().leave(key);
    }
    if (auto done = file.finish(); !done) return std::unexpected(done.error());
    return config;
}

}  // namespace

std::vector<SocketAddress> NodeConfig::service_addresses() const {
    std::vector<SocketAddress> found;
    std::ranges::copy_if(listen, std::back_inserter(found), [this](const auto& address) {
        return std::ranges::any_of(prefixes,
                                   [&](const auto& each) { return each.contains(address.ip); });
    });
    return found;
}

Result<NodeLink> read_node_link(const std::string& path) {
    auto file = ConfigFile::read(path);
    if (!file) return std::unexpected(file.error());
    NodeLink link;
    ConfigTable node = file->root().table("node");
    node.read("run_directory", link.run_directory, "\"/run/nearcast\"");
    node.leave_rest();
    ConfigTable guard = file->root().table("guard");
    guard.read("drain_limit", link.drain_limit, "\"2m\"");
    guard.leave_rest();
    file->root().leave_rest();
    if (auto done = file->finish(); !done) return std::unexpected(done.error());
    return link;
}

Result<NodeConfig> read_node_config(const std::string& path) {
    auto file = ConfigFile::read(path);
    if (!file) return std::unexpected(file.error());
    return read_all(std::move(*file), path);
}

Result<NodeConfig> parse_node_config(std::string_view text, const std::string& path) {
    auto file = ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    return read_all(std::move(*file), path);
}

}  // namespace nearcast::anycast
