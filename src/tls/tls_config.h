// SPDX-License-Identifier: Apache-2.0
//
// What the configuration says about TLS: our certificate, and how others are to be reached.
//
// The section [tls] with its [[tls.profile]]: docs/reference/node-toml.md describes every key. Once
// read, nothing in it changes.

#pragma once

#include <string_view>
#include <vector>

#include "base/config_file.h"
#include "tls/tls_context.h"

namespace nearcast::tls {

struct TlsConfig {
    ServerSettings server;  // Without a certificate: nobody is answered over TLS.
    std::vector<ClientSettings> profiles;

    [[nodiscard]] bool has_server() const { return !server.certificate.empty(); }
    // Null when there is none of that name.
    [[nodiscard]] const ClientSettings* find(std::string_view profile) const;
};

// Reads the section out of `root`, the whole file. What is wrong, the file remembers.
[[nodiscard]] TlsConfig read_tls_config(base::ConfigTable root);

}  // namespace nearcast::tls
