// SPDX-License-Identifier: Apache-2.0

#include "anycast/joined_node.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace nearcast::anycast {
namespace {

using base::Result;
using nlohmann::json;

// Of the answer; the largest has some neighbours and certificates of a kilobyte.
constexpr size_t kAnswerSizeMax = size_t{1} << 20;
constexpr uint16_t kDnsPort = 53;

// As a string of TOML.
std::string toml_string(std::string_view text) { return json(text).dump(); }

std::string list_of(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ", ") + toml_string(item);
    return '[' + text + ']';
}

void put(std::string_view key, const std::string& value, std::string& text) {
    if (!value.empty()) text.append(key).append(" = ").append(toml_string(value)).append("\n");
}

JoinedNode::Neighbor neighbor_of(const json& item) {
    return {.name = item.at("name").get<std::string>(),
            .address = item.at("address").get<std::string>(),
            .asn = item.at("asn").get<uint32_t>(),
            .role = item.value("role", ""),
            .password = item.value("password", ""),
            .is_multihop = item.value("multihop", false),
            .has_bfd = item.value("bfd", !item.value("multihop", false))};
}

JoinedNode node_of(const json& answer) {
    const auto texts = [&](const char* name) {
        return answer.at(name).get<std::vector<std::string>>();
    };
    const auto text = [&](const char* name) { return answer.at(name).get<std::string>(); };
    const json& routing = answer.at("routing");
    JoinedNode node{.name = text("node"),
                    .pop = text("pop"),
                    .certificate = text("certificate"),
                    .authority = text("authority"),
                    .catalog = text("catalog"),
                    .primaries = texts("primaries"),
                    .server_name = text("server_name"),
                    .key_name = answer.at("key").at("name").get<std::string>(),
                    .key_secret = answer.at("key").at("secret").get<std::string>(),
                    .prefixes = texts("prefixes"),
                    .covering = texts("covering"),
                    .addresses = texts("addresses"),
                    .daemon = routing.at("daemon").get<std::string>(),
                    .asn = routing.at("asn").get<uint32_t>(),
                    .import_policy = routing.value("import", ""),
                    .bfd_interval = routing.value("bfd_interval", ""),
                    .neighbors = {}};
    for (const json& item : routing.at("neighbors")) node.neighbors.push_back(neighbor_of(item));
    return node;
}

std::string listen_text(const JoinedNode& node, const NodePlace& place) {
    std::vector<std::string> listen;
    for (const std::string& address : node.addresses) {
        const auto parsed = base::parse_ip_address(address);
        if (parsed) listen.push_back(base::to_text(base::SocketAddress{*parsed, kDnsPort}));
    }
    listen.push_back(base::to_text(place.address));
    return list_of(listen);
}

std::string routing_text(const JoinedNode& node, const NodePlace& place) {
    std::string text = "\n[routing]\n";
    // Without an ASN or anybody to speak to there is nothing that a daemon could do.
    const bool is_spoken = node.asn != 0 && !node.neighbors.empty() && node.daemon != "none";
    put("daemon", is_spoken ? node.daemon : "none", text);
    if (!is_spoken) return text;
    text += "asn = " + std::to_string(node.asn) + "\n";
    // Unique among our routers, as its address is.
    if (!place.address.ip.is_v6) put("router_id", base::to_text(place.address.ip), text);
    put("control_socket", place.control_socket, text);
    put("import", node.import_policy, text);
    put("bfd_interval", node.bfd_interval, text);
    for (const JoinedNode::Neighbor& neighbor : node.neighbors) {
        text += "\n[[routing.neighbor]]\n";
        put("name", neighbor.name, text);
        put("address", neighbor.address, text);
        text += "asn = " + std::to_string(neighbor.asn) + "\n";
        put("role", neighbor.role, text);
        put("password", neighbor.password, text);
        if (neighbor.is_multihop) text += "multihop = true\n";
        text += std::string("bfd = ") + (neighbor.has_bfd ? "true" : "false") + "\n";
    }
    return text;
}

}  // namespace

Result<JoinedNode> parse_joined_node(std::string_view text) {
    if (text.size() > kAnswerSizeMax) return base::fail("the controller's answer is too long");
    try {
        return node_of(json::parse(text));
    } catch (const json::exception& error) {
        return base::fail(std::string("the controller's answer cannot be read: ") + error.what(),
                          "is it a Nearcast controller, of the same version?");
    }
}

std::string render_node_toml(const JoinedNode& node, const NodePlace& place) {
    std::string text = "# Written by `nearcast node join`. docs/reference/node-toml.md\n[node]\n";
    put("name", node.name, text);
    put("pop", node.pop, text);
    put("user", place.user, text);
    put("run_directory", place.run_directory, text);
    put("state_directory", place.state_directory, text);
    if (!place.state_directory.empty()) {
        text += "\n[zones]\ndirectory = " + toml_string(place.state_directory + "/zones") + "\n";
    }
    text += "\n[serve]\nlisten = " + listen_text(node, place) + "\n";
    if (place.threads != 0) text += "threads = " + std::to_string(place.threads) + "\n";
    text += "\n[anycast]\nprefixes = " + list_of(node.prefixes) + "\n";
    if (!node.covering.empty()) text += "covering = " + list_of(node.covering) + "\n";
    text += routing_text(node, place);
    text += "\n[[key]]\n";
    put("name", node.key_name, text);
    put("secret", node.key_secret, text);
    text += "\n[[tls.profile]]\nname = \"controller\"\n";
    put("server_name", node.server_name, text);
    put("ca", place.directory + '/' + std::string(kControllerCaFile), text);
    put("certificate", place.directory + '/' + std::string(kNodeCertificateFile), text);
    put("key", place.directory + '/' + std::string(kNodeKeyFile), text);
    text += "\n[[catalog.follow]]\n";
    put("zone", node.catalog, text);
    text += "primaries = " + list_of(node.primaries) + "\n";
    put("key", node.key_name, text);
    text += "tls = \"controller\"\nreport = true\n";
    return text;
}

}  // namespace nearcast::anycast
