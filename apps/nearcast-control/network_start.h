// SPDX-License-Identifier: Apache-2.0
//
// What the first start makes for the network: a CA for the certificates of its nodes, a certificate
// for the hidden primary, and the key that both sides sign with.

#pragma once

#include <memory>

#include "base/result.h"
#include "control/api/api.h"
#include "control_config.h"

namespace nearcast::control_app {

// Null without a section [network]. Otherwise `config` serves its catalog over TLS afterwards, to
// those who show a certificate. After provide_certificate().
[[nodiscard]] base::Result<std::unique_ptr<control_api::Joining>> provide_network(
    ControlConfig& config);

}  // namespace nearcast::control_app
