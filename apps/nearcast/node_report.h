// SPDX-License-Identifier: Apache-2.0
//
// What `nearcast node` tells a person: a node's state and what it means, a drain's proof.

#pragma once

#include <string>

#include "anycast/drain_proof.h"
#include "anycast/guard_status.h"
#include "anycast/node_config.h"

#include <nlohmann/json.hpp>

namespace nearcast {

[[nodiscard]] std::string node_report(const anycast::GuardStatus& status);
// Of a server that runs alone: what it says of itself.
[[nodiscard]] std::string server_report(const nlohmann::json& status);
// What the guard says of itself, with what its server says under "server"; null when that does not.
[[nodiscard]] std::string node_json(const std::string& guard, const std::string& server);
[[nodiscard]] std::string drain_report(const anycast::DrainProof& proof);
[[nodiscard]] std::string drain_json(const anycast::DrainProof& proof);
[[nodiscard]] std::string prepare_report(const anycast::NodeConfig& config);

}  // namespace nearcast
