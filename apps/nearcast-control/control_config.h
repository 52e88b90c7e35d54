// SPDX-License-Identifier: Apache-2.0
//
// The controller's configuration: control.toml.
//
// docs/reference/control-toml.md describes every key. What the file shares with node.toml (keys,
// certificates, who may have which zone, catalogs, the store) is read by who uses it.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "control/network_settings.h"
#include "control/quotas.h"
#include "dns/name.h"
#include "observe/metrics_config.h"
#include "serve/serve_config.h"
#include "signing_config.h"
#include "transfer/transfer_config.h"
#include "zone/store_config.h"

namespace nearcast::control_app {

struct ControlConfig {
    std::string name;  // Of this controller: by which it remembers what it published.
    std::string directory = "/var/lib/nearcast-control";
    dns::Name primary;  // In the SOA of a zone without name servers.

    std::string database;  // "sqlite:PATH" or "postgresql:..."

    base::SocketAddress api_listen;
    bool has_tls = true;
    std::string certificate;  // Empty: one of our own making, in the directory.
    std::string key;
    std::vector<std::string> api_names;  // In that certificate.
    uint64_t api_connections = 96;       // From one address.

    std::vector<control::Plan> plans;  // What tenants may have.

    // What servers join; without its url none can.
    control::NetworkSettings network;

    std::vector<base::SocketAddress> listen;  // Of the hidden primary.
    uint64_t threads = 1;
    serve::ServeConfig serve;
    transfer::TransferConfig transfers;
    zone::StoreConfig store;
    observe::MetricsConfig metrics;
    SigningConfig signing;
};

[[nodiscard]] base::Result<ControlConfig> read_control_config(const std::string& path);

// The same from memory; `path` is only for messages.
[[nodiscard]] base::Result<ControlConfig> parse_control_config(std::string_view text,
                                                               const std::string& path);

}  // namespace nearcast::control_app
