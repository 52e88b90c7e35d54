// SPDX-License-Identifier: Apache-2.0
//
// The node in a PoP: it joins as a real server does, and runs as it does there.

#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "lab/plan.h"
#include "lab/process.h"

namespace nearcast::lab {

// What a fresh server has: directories, and a BIRD that speaks to nobody yet.
[[nodiscard]] base::Result<void> prepare_pop(const Plan& plan, size_t router);

// Enters the place at the controller and runs there, in the background, the one command that this
// prints: `nearcast node join`. It becomes nearcastd.
[[nodiscard]] base::Result<void> join_pop(const Plan& plan, size_t router);

// Starts `nearcastd --config node.toml` of a node that has joined: the guard and the server.
[[nodiscard]] base::Result<void> start_pop(const Plan& plan, size_t router);

// Whether one of them is nearcastd, or what becomes it. A program that takes the place of another
// has no command meanwhile, nor has one that is about to end: it counts, and is no longer there
// when asked again.
[[nodiscard]] bool has_node(std::span<const ProcessInfo> processes);

// The same of what runs there.
[[nodiscard]] bool is_node_running(const Plan& plan, size_t router);

// The path of a program that lies beside this one, or its bare name to look for along PATH.
[[nodiscard]] std::string program_path(const std::string& name);

}  // namespace nearcast::lab
