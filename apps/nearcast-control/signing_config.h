// SPDX-License-Identifier: Apache-2.0
//
// The section [signing] of control.toml: how zones are signed unless they say otherwise, where
// their keys lie, and how their parents are watched.

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/config_file.h"
#include "control/signing_settings.h"
#include "dnssec/token_access.h"

namespace nearcast::control_app {

struct SigningConfig {
    std::string key_file;  // Empty: signing.key in the directory.
    dnssec::TokenAccess token;
    control::SigningSettings usual;
    uint64_t threads = 1;

    // Through which parents are found. None: nobody looks at them.
    std::vector<base::SocketAddress> resolvers;
    uint64_t parent_port = 53;
    std::chrono::seconds parent_pause{3600};
};

void read_signing(base::ConfigTable root, SigningConfig& config);
// Fails when there is a token, and it says that it cannot hold the usual keys. Its library may
// start threads, which take over the signal mask of who calls.
[[nodiscard]] base::Result<void> check_token(const SigningConfig& config);

}  // namespace nearcast::control_app
