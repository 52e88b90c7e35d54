// SPDX-License-Identifier: Apache-2.0
//
// What all nodes of the network have in common: what a server that joins is told.
//
// From the section [network] of control.toml. Only read once made: any thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "dns/name.h"
#include "transfer/tsig_key.h"

namespace nearcast::control {

struct NetworkSettings {
    std::string url = {};  // Where a server reaches the API: https://control.example.net:8053
    std::string pin = {};  // Of the key of the API's certificate; empty without TLS.
    dns::Name catalog = {};
    std::vector<base::SocketAddress> primaries = {};  // Where it reaches the hidden primary.
    std::string server_name = {};                     // In that one's certificate.
    transfer::TsigKey key = {};                       // What both sides sign with.
    std::vector<base::IpPrefix> prefixes = {};        // Announced by every node,
    std::vector<base::IpPrefix> covering = {};        // also where nobody answers,
    std::vector<base::IpAddress> addresses = {};      // and the addresses in them that answer.
    std::string daemon = "bird";                      // What speaks BGP: bird, frr or none.
    uint32_t asn = 0;
    std::string import_policy = {};            // Of routes: none, default or all; empty: as a
    std::chrono::milliseconds bfd_interval{};  // node has it by itself, and so is 0.
};

// The name in the certificate of a node.
[[nodiscard]] inline std::string certificate_name_of_node(const std::string& node) {
    return node + ".node.nearcast";
}

}  // namespace nearcast::control
