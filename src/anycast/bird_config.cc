// SPDX-License-Identifier: Apache-2.0

#include <sstream>
#include <string_view>

#include "anycast/bird_client.h"
#include "anycast/routing_config.h"

namespace nearcast::anycast {
namespace {

using base::IpPrefix;

std::vector<IpPrefix> of_family(const std::vector<IpPrefix>& prefixes, bool is_v6) {
    std::vector<IpPrefix> found;
    for (const IpPrefix& prefix : prefixes) {
        if (prefix.first.is_v6 == is_v6) found.push_back(prefix);
    }
    return found;
}

std::string joined(const std::vector<IpPrefix>& prefixes, std::string_view suffix) {
    std::string text;
    for (const IpPrefix& prefix : prefixes) {
        text += (text.empty() ? "" : ", ") + to_text(prefix) + std::string(suffix);
    }
    return text;
}

// What concerns one address family: names end in 4 or 6.
class FamilyConfig {
 public:
    FamilyConfig(const NodeConfig& config, bool is_v6, std::ostream& out)
        : config_(config),
          is_v6_(is_v6),
          digit_(is_v6 ? '6' : '4'),
          channel_(is_v6 ? "ipv6" : "ipv4"),
          service_(of_family(config.prefixes, is_v6)),
          covering_(of_family(config.covering, is_v6)),
          out_(out) {}

    void write() {
        if (!service_.empty()) write_service();
        if (!covering_.empty()) write_covering();
        write_filters();
        if (config_.routing.import_policy != ImportPolicy::None) write_kernel();
    }

    [[nodiscard]] size_t prefix_count() const { return service_.size() + covering_.size(); }

 private:
    void write_static(std::string_view name, int preference, const std::string& device) {
        out_ << "protocol static nc_" << name << digit_ << " {\n"
             << "    " << channel_ << " { preference " << preference << "; };\n"
             << "    check link;\n";
        for (const IpPrefix& prefix : service_) {
            out_ << "    route " << to_text(prefix) << " via \"" << device << "\";\n";
        }
        out_ << "}\n";
    }

    void write_service() {
        out_ << "# While the node wants traffic.\n";
        write_static("pref", 210, config_.pref_device);
        out_ << "# While the node is alive. Best only when the one above is gone: a last resort.\n";
        write_static("live", 200, config_.live_device);
        out_ << '\n';
    }

    void write_covering() {
        out_ << "# Always announced, whatever happens to the node. No program withdraws these.\n"
             << "protocol static nc_covering" << digit_ << " {\n    " << channel_ << ";\n";
        for (const IpPrefix& prefix : covering_) {
            out_ << "    route " << to_text(prefix) << " unreachable;\n";
        }
        out_ << "}\n\n";
    }

    // BIRD knows no empty set of prefixes, hence the tests for emptiness.
    void write_filters() {
        out_
            << "function nc_is_service" << digit_ << "()\n{\n    return "
            << (service_.empty() ? "false" : "net ~ [ " + joined(service_, "") + " ]") << ";\n}\n"
            << "function nc_is_covering" << digit_ << "()\n{\n    return "
            << (covering_.empty() ? "false" : "net ~ [ " + joined(covering_, "") + " ]")
            << ";\n}\n\n"
            << "# Ours to announce: exactly these prefixes, and only as our own static routes.\n"
            << "# `soft` prepends and marks what is a last resort (RFC 8326), so that others send\n"
            << "# their traffic here only when there is nowhere else to go.\n"
            << "function nc_export" << digit_ << "()\n{\n"
            << "    if source != RTS_STATIC then return false;\n"
            << "    if nc_is_covering" << digit_ << "() then return true;\n"
            << "    if ! nc_is_service" << digit_ << "() then return false;\n"
            << "    if proto = \"nc_live" << digit_ << "\" then {\n"
            << "        bgp_community.add((65535, 0));\n";
        for (int i = 0; i < config_.routing.soft_prepend; ++i) {
            out_ << "        bgp_path.prepend(" << config_.routing.asn << ");\n";
        }
        out_ << "    }\n    return true;\n}\n\n";
        write_import();
    }

    void write_import() {
        std::vector<IpPrefix> own = service_;
        own.insert(own.end(), covering_.begin(), covering_.end());
        out_ << "# Never our own prefixes from outside: that would be a loop or a hijack.\n"
             << "filter nc_import" << digit_ << "\n{\n";
        if (!own.empty()) {
            out_ << "    if net ~ [ " << joined(own, "+") << " ] then reject;\n";
        }
        if (config_.routing.import_policy == ImportPolicy::DefaultRoute) {
            out_ << "    if net != " << (is_v6_ ? "::/0" : "0.0.0.0/0") << " then reject;\n";
        }
        out_ << "    if (65535, 0) ~ bgp_community then bgp_local_pref = 0;  # RFC 8326\n"
             << "    accept;\n}\n\n";
    }

    void write_kernel() {
        out_ << "# What neighbours tell us goes into the kernel; our static routes never do, or\n"
             << "# packets to the service prefix would end in a device that nobody reads.\n"
             << "protocol kernel nc_kernel" << digit_ << " {\n    " << channel_
             << " { import none; export where source = RTS_BGP; };\n}\n\n";
    }

    const NodeConfig& config_;
    bool is_v6_;
    char digit_;
    std::string_view channel_;
    std::vector<IpPrefix> service_;
    std::vector<IpPrefix> covering_;
    std::ostream& out_;
};

std::string_view role_word(BgpRole role) {
    switch (role) {
        case BgpRole::Customer:
            return "customer";
        case BgpRole::Peer:
            return "peer";
        case BgpRole::Provider:
            return "provider";
        case BgpRole::RouteServerClient:
            return "rs_client";
        case BgpRole::None:
            break;
    }
    return "";
}

void write_session(const NodeConfig& config, const Neighbor& neighbor, std::ostream& out) {
    out << "    description \"" << neighbor.name << "\";\n    local ";
    if (neighbor.has_local_address) out << to_text(neighbor.local_address) << ' ';
    out << "as " << config.routing.asn << ";\n"
        << "    neighbor " << to_text(neighbor.address) << " as " << neighbor.asn << ";\n"
        << (neighbor.is_multihop ? "    multihop;\n" : "    direct;\n");
    if (neighbor.has_bfd) {
        out << "    bfd on;\n    hold time " << kHoldTimeWithBfd << ";\n";
    } else {
        out << "    hold time " << kHoldTimeWithoutBfd
            << ";  # Nothing else tells that the neighbour has gone.\n";
    }
    if (neighbor.role != BgpRole::None) {
        out << "    local role " << role_word(neighbor.role) << ";  # RFC 9234\n";
    }
    if (!neighbor.password.empty()) out << "    password \"" << neighbor.password << "\";\n";
    out << "    connect delay time 1;\n    connect retry time 5;\n    error wait time 1, 30;\n"
        << "    graceful restart off;\n";
}

void write_neighbor(const NodeConfig& config, const Neighbor& neighbor, size_t export_count,
                    std::ostream& out) {
    const char digit = neighbor.address.is_v6 ? '6' : '4';
    const std::string protocol = bird_protocol_name(neighbor.name);
    out << "filter nc_export_" << protocol << "\n{\n"
        << "    if ! nc_export" << digit << "() then reject;\n";
    for (int i = 0; i < neighbor.prepend; ++i) {
        out << "    bgp_path.prepend(" << config.routing.asn << ");\n";
    }
    out << "    accept;\n}\n"
        << "protocol bgp " << protocol << " {\n";
    write_session(config, neighbor, out);
    const bool imports =
        config.routing.import_policy != ImportPolicy::None && !neighbor.is_multihop;
    out << "    " << (neighbor.address.is_v6 ? "ipv6" : "ipv4") << " {\n";
    if (imports) {
        out << "        import filter nc_import" << digit << ";\n"
            << "        import limit " << neighbor.prefix_max << " action block;\n";
    } else {
        out << "        import none;\n";
    }
    out << "        export filter nc_export_" << protocol << ";\n"
        << "        export limit " << export_count << " action block;\n"
        << "    };\n}\n\n";
}

void write_bfd(const RoutingConfig& routing, std::ostream& out) {
    const auto write_timers = [&](std::string_view scope) {
        out << "    " << scope << " {\n"
            << "        interval " << routing.bfd_interval.count() << " ms;\n"
            << "        multiplier " << unsigned{routing.bfd_multiplier} << ";\n    };\n";
    };
    out << "# A neighbour that falls silent is given up after interval times multiplier.\n"
        << "protocol bfd nc_bfd {\n";
    write_timers("interface \"*\"");
    write_timers("multihop");
    out << "}\n\n";
}

}  // namespace

std::string render_bird_config(const NodeConfig& config) {
    std::ostringstream out;
    out << "# BIRD 2: node " << config.name << " of " << config.pop
        << ". Written by `nearcast node routing-config --daemon bird`\n"
        << "# from " << config.path << ". Change that and write this again.\n\n"
        << "log syslog all;\n"
        << "router id " << to_text(config.routing.router_id) << ";\n\n"
        << "protocol device { }\n\n";
    FamilyConfig v4(config, false, out);
    FamilyConfig v6(config, true, out);
    v4.write();
    v6.write();
    write_bfd(config.routing, out);
    for (const Neighbor& neighbor : config.routing.neighbors) {
        const size_t count = neighbor.address.is_v6 ? v6.prefix_count() : v4.prefix_count();
        write_neighbor(config, neighbor, count, out);
    }
    return out.str();
}

}  // namespace nearcast::anycast
