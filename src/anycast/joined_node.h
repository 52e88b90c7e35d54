// SPDX-License-Identifier: Apache-2.0
//
// What a controller tells a server that joins its network, and the node.toml that follows from it.
//
// The controller is not believed blindly: what it says is checked where it becomes part of a file,
// and the file by whoever reads it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace nearcast::anycast {

struct JoinedNode {
    std::string name;
    std::string pop;
    std::string certificate;  // PEM.
    std::string authority;    // PEM.
    std::string catalog;
    std::vector<std::string> primaries;
    std::string server_name;
    std::string key_name;
    std::string key_secret;
    std::vector<std::string> prefixes;
    std::vector<std::string> covering;
    std::vector<std::string> addresses;
    std::string daemon;
    uint32_t asn = 0;
    std::string import_policy = {};  // As node.toml has it; empty: not told. So is the other.
    std::string bfd_interval = {};
    struct Neighbor {
        std::string name;
        std::string address;
        uint32_t asn = 0;
        std::string role = {};
        std::string password = {};
        bool is_multihop = false;
        bool has_bfd = true;
    };
    std::vector<Neighbor> neighbors;
};

// The answer of /api/v1/join.
[[nodiscard]] base::Result<JoinedNode> parse_joined_node(std::string_view json);

// Where it stands.
struct NodePlace {
    std::string directory = "/etc/nearcast";  // Of node.toml, certificates and key.
    std::string state_directory = {};         // Empty: as node.toml has it without a word.
    std::string run_directory = {};           // The same.
    std::string user = {};                    // The same.
    base::SocketAddress address = {};         // Its own, where it is told of changes.
    uint32_t threads = 0;                     // That answer; 0: as node.toml has it.
    std::string control_socket = {};          // Of the routing daemon; empty: the usual one.
};

constexpr std::string_view kNodeKeyFile = "node.key";
constexpr std::string_view kNodeCertificateFile = "node.pem";
constexpr std::string_view kControllerCaFile = "controller-ca.pem";

[[nodiscard]] std::string render_node_toml(const JoinedNode& node, const NodePlace& place);

}  // namespace nearcast::anycast
