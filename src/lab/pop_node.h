// SPDX-License-Identifier: Apache-2.0
//
// The node in a PoP: its configuration, and `nearcastd` as it runs on a real server.

#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

// node.toml of the PoP `router`.
[[nodiscard]] std::string node_toml(const Plan& plan, size_t router);

// Writes node.toml and the directories it names.
[[nodiscard]] base::Result<void> prepare_pop(const Plan& plan, size_t router);

// The PoP's BIRD configuration, as the product makes it of node.toml.
[[nodiscard]] base::Result<void> write_pop_routing(const Plan& plan, size_t router);

// Starts `nearcastd --config node.toml`: the guard and the server.
[[nodiscard]] base::Result<void> start_pop(const Plan& plan, size_t router);

// The path of a program that lies beside this one, or its bare name to look for along PATH.
[[nodiscard]] std::string program_path(const std::string& name);

}  // namespace nearcast::lab
