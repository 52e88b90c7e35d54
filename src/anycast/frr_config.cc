// SPDX-License-Identifier: Apache-2.0

#include <sstream>
#include <string_view>

#include "anycast/routing_config.h"

namespace nearcast::anycast {
namespace {

using base::IpPrefix;

constexpr int kPreferredDistance = 10;
constexpr int kLastResortDistance = 200;
constexpr int kCoveringDistance = 250;
constexpr int kLastResortTag = 8326;  // Any number; this one names the RFC that it leads to.

std::string_view ip_word(bool is_v6) { return is_v6 ? "ipv6" : "ip"; }
std::string_view family_word(bool is_v6) { return is_v6 ? "ipv6" : "ipv4"; }
char digit(bool is_v6) { return is_v6 ? '6' : '4'; }

template <typename Visit>
void for_family(const std::vector<IpPrefix>& prefixes, bool is_v6, Visit visit) {
    for (const IpPrefix& prefix : prefixes) {
        if (prefix.first.is_v6 == is_v6) visit(prefix);
    }
}

void write_routes(const NodeConfig& config, bool is_v6, std::ostream& out) {
    const std::string_view ip = ip_word(is_v6);
    for_family(config.prefixes, is_v6, [&](const IpPrefix& prefix) {
        out << ip << " route " << to_text(prefix) << ' ' << config.pref_device << ' '
            << kPreferredDistance << '\n'
            << ip << " route " << to_text(prefix) << ' ' << config.live_device << " tag "
            << kLastResortTag << ' ' << kLastResortDistance << '\n';
    });
    for_family(config.covering, is_v6, [&](const IpPrefix& prefix) {
        out << ip << " route " << to_text(prefix) << " blackhole " << kCoveringDistance << '\n';
    });
}

void write_prefix_lists(const NodeConfig& config, bool is_v6, std::ostream& out) {
    const std::string_view ip = ip_word(is_v6);
    int sequence = 0;
    const auto permit = [&](const IpPrefix& prefix) {
        out << ip << " prefix-list nc-own" << digit(is_v6) << " seq " << (sequence += 5)
            << " permit " << to_text(prefix) << '\n';
    };
    for_family(config.prefixes, is_v6, permit);
    for_family(config.covering, is_v6, permit);
    if (sequence == 0) {
        out << ip << " prefix-list nc-own" << digit(is_v6) << " seq 5 deny any\n";
    }
    sequence = 0;
    const auto within = [&](const IpPrefix& prefix) {
        out << ip << " prefix-list nc-foreign" << digit(is_v6) << " seq " << (sequence += 5)
            << " deny " << to_text(prefix) << " le " << prefix.first.bits() << '\n';
    };
    if (config.routing.import_policy == ImportPolicy::DefaultRoute) {
        out << ip << " prefix-list nc-foreign" << digit(is_v6) << " seq 5 permit "
            << (is_v6 ? "::/0" : "0.0.0.0/0") << '\n';
        return;
    }
    for_family(config.prefixes, is_v6, within);
    for_family(config.covering, is_v6, within);
    out << ip << " prefix-list nc-foreign" << digit(is_v6) << " seq " << sequence + 5
        << (config.routing.import_policy == ImportPolicy::All ? " permit any\n" : " deny any\n");
}

void write_prepends(int count, uint32_t asn, std::ostream& out) {
    if (count == 0) return;
    out << " set as-path prepend";
    for (int i = 0; i < count; ++i) out << ' ' << asn;
    out << '\n';
}

void write_maps(bool is_v6, std::ostream& out) {
    const std::string_view ip = ip_word(is_v6);
    const char family = digit(is_v6);
    out << "! From the static routes into BGP: our prefixes alone, and marked (RFC 8326) when the\n"
        << "! route is the one of the last resort.\n"
        << "route-map nc-static" << family << " permit 10\n"
        << " match " << ip << " address prefix-list nc-own" << family << '\n'
        << " match tag " << kLastResortTag << '\n'
        << " set community graceful-shutdown\nexit\n"
        << "route-map nc-static" << family << " permit 20\n"
        << " match " << ip << " address prefix-list nc-own" << family << "\nexit\n"
        << "route-map nc-import" << family << " permit 10\n"
        << " match " << ip << " address prefix-list nc-foreign" << family << '\n'
        << " match community nc-graceful-shutdown\n"
        << " set local-preference 0\nexit\n"
        << "route-map nc-import" << family << " permit 20\n"
        << " match " << ip << " address prefix-list nc-foreign" << family << "\nexit\n!\n";
}

void write_export_map(const NodeConfig& config, const Neighbor& neighbor, std::ostream& out) {
    const bool is_v6 = neighbor.address.is_v6;
    const std::string match_own = " match " + std::string(ip_word(is_v6)) +
                                  " address prefix-list nc-own" + digit(is_v6) + '\n';
    const std::string map = "route-map nc-export-" + neighbor.name;
    out << map << " permit 10\n" << match_own << " match community nc-graceful-shutdown\n";
    write_prepends(config.routing.soft_prepend + neighbor.prepend, config.routing.asn, out);
    out << "exit\n" << map << " permit 20\n" << match_own;
    write_prepends(neighbor.prepend, config.routing.asn, out);
    out << "exit\n!\n";
}

std::string_view role_word(BgpRole role) {
    switch (role) {
        case BgpRole::Customer:
            return "customer";
        case BgpRole::Peer:
            return "peer";
        case BgpRole::Provider:
            return "provider";
        case BgpRole::RouteServerClient:
            return "rs-client";
        case BgpRole::None:
            break;
    }
    return "";
}

void write_session(const Neighbor& neighbor, std::ostream& out) {
    const std::string start = " neighbor " + to_text(neighbor.address) + ' ';
    out << start << "remote-as " << neighbor.asn << '\n'
        << start << "description " << neighbor.name << '\n';
    if (!neighbor.password.empty()) out << start << "password " << neighbor.password << '\n';
    if (neighbor.is_multihop) out << start << "ebgp-multihop 255\n";
    if (neighbor.has_local_address) {
        out << start << "update-source " << to_text(neighbor.local_address) << '\n';
    }
    if (neighbor.has_bfd) out << start << "bfd profile nc\n";
    const unsigned hold = neighbor.has_bfd ? kHoldTimeWithBfd : kHoldTimeWithoutBfd;
    out << start << "timers " << hold / 3 << ' ' << hold << '\n'
        << start << "timers connect 5\n"
        << start << "advertisement-interval 0\n";
    if (neighbor.role != BgpRole::None) {
        out << start << "local-role " << role_word(neighbor.role) << '\n';
    }
}

void write_family(const NodeConfig& config, bool is_v6, std::ostream& out) {
    out << " address-family " << family_word(is_v6) << " unicast\n"
        << "  redistribute static route-map nc-static" << digit(is_v6) << '\n';
    for (const Neighbor& neighbor : config.routing.neighbors) {
        if (neighbor.address.is_v6 != is_v6) continue;
        const std::string start = "  neighbor " + to_text(neighbor.address) + ' ';
        out << start << "activate\n"
            << start << "route-map nc-import" << digit(is_v6) << " in\n"
            << start << "route-map nc-export-" << neighbor.name << " out\n"
            << start << "maximum-prefix " << neighbor.prefix_max << " restart 30\n";
    }
    out << " exit-address-family\n";
}

void write_bgp(const NodeConfig& config, std::ostream& out) {
    out << "router bgp " << config.routing.asn << '\n'
        << " bgp router-id " << to_text(config.routing.router_id) << '\n'
        << " no bgp default ipv4-unicast\n"
        << " ! Without this FRR 8.4 was seen to forget a withdrawal in a session's first seconds.\n"
        << " coalesce-time 0\n"
        << " bgp graceful-restart-disable\n";
    for (const Neighbor& neighbor : config.routing.neighbors) write_session(neighbor, out);
    for (const bool is_v6 : {false, true}) write_family(config, is_v6, out);
    out << "exit\n!\n";
}

}  // namespace

std::string render_frr_config(const NodeConfig& config) {
    std::ostringstream out;
    out << "! FRR 8: node " << config.name << " of " << config.pop
        << ". Written by `nearcast node routing-config --daemon frr`\n"
        << "! from " << config.path << ". Change that and write this again.\n"
        << "! Run with it: zebra, staticd, bgpd and, for BFD, bfdd.\n!\n"
        << "frr defaults traditional\n"
        << "log syslog informational\n!\n"
        << "! The signals of the node: a route through a device is valid while it has carrier.\n";
    for (const std::string& device : {config.pref_device, config.live_device}) {
        out << "interface " << device << "\n link-detect\nexit\n";
    }
    out << "!\n! Through " << config.pref_device << " while the node wants traffic, through "
        << config.live_device << " as a last resort,\n"
        << "! and the covering prefixes always. FRR hands these to the kernel, which then drops\n"
        << "! packets to addresses of the prefix that are not on this machine.\n";
    for (const bool is_v6 : {false, true}) write_routes(config, is_v6, out);
    out << "!\n! Nothing else ever leaves (nc-own), and none of these is taken from outside.\n";
    for (const bool is_v6 : {false, true}) write_prefix_lists(config, is_v6, out);
    out << "bgp community-list standard nc-graceful-shutdown seq 5 permit graceful-shutdown\n!\n";
    for (const bool is_v6 : {false, true}) write_maps(is_v6, out);
    for (const Neighbor& neighbor : config.routing.neighbors) {
        write_export_map(config, neighbor, out);
    }
    out << "bfd\n profile nc\n  detect-multiplier " << unsigned{config.routing.bfd_multiplier}
        << "\n  receive-interval " << config.routing.bfd_interval.count()
        << "\n  transmit-interval " << config.routing.bfd_interval.count() << "\n exit\nexit\n!\n";
    write_bgp(config, out);
    return out.str();
}

}  // namespace nearcast::anycast
