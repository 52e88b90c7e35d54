// SPDX-License-Identifier: Apache-2.0
//
// The node in a PoP: it joins as a real server does, and runs as it does there.

#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

// What a fresh server has: directories, and a BIRD that speaks to nobody yet.
[[nodiscard]] base::Result<void> prepare_pop(const Plan& plan, size_t router);

// Enters the place at the controller and runs there, in the background, the one command that this
// prints: `nearcast node join`. It becomes nearcastd.
[[nodiscard]] base::Result<void> join_pop(const Plan& plan, size_t router);

// Starts `nearcastd --config node.toml` of a node that has joined: the guard and the server.
[[nodiscard]] base::Result<void> start_pop(const Plan& plan, size_t router);

// nearcastd runs there, or what becomes it.
[[nodiscard]] bool is_node_running(const Plan& plan, size_t router);

// The path of a program that lies beside this one, or its bare name to look for along PATH.
[[nodiscard]] std::string program_path(const std::string& name);

}  // namespace nearcast::lab
