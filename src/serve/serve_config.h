// SPDX-License-Identifier: Apache-2.0
//
// What the section [serve] says beside addresses and threads: TLS, AF_XDP, and the limits of
// connections.
//
// docs/reference/node-toml.md describes every key.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "serve/tcp_service.h"

namespace nearcast::serve {

struct ServeConfig {
    std::vector<base::SocketAddress> tls_listen;
    TcpLimits tcp;
    // The largest response over UDP. More than the 1232 of the IPv6 minimum MTU is for those who
    // know their clients' networks.
    uint16_t udp_payload_max = 1232;
    // Interfaces whose queries come by AF_XDP, and whether workers poll them without a rest.
    std::vector<std::string> xdp;
    bool xdp_busy_poll = false;
    // Each worker stays on a core of its own, and answers what that core receives. Unset: as long
    // as traffic is seen to be spread over the cores.
    std::optional<bool> by_core = std::nullopt;
};

// Reads it from a file that may have other sections too.
[[nodiscard]] base::Result<ServeConfig> read_serve_config(const std::string& path);

// The same from memory; `path` is only for messages.
[[nodiscard]] base::Result<ServeConfig> parse_serve_config(std::string_view text,
                                                           const std::string& path);

}  // namespace nearcast::serve
