// SPDX-License-Identifier: Apache-2.0
//
// A whole node: a guard and a server, two processes of one program that keep each other alive.
//
//   nearcastd --config node.toml     prepares what needs root, gives root up, becomes the guard
//     └─ --role server               answers DNS; restarts the guard when it dies or falls silent
//
// The guard starts the server, and the server starts the next guard, so either may be the parent of
// the other. --role is for these two alone.

#pragma once

#include <string>

namespace nearcast::app {

// Each returns the exit status, after telling on stderr what is wrong.
[[nodiscard]] int run_node(const std::string& config_path);
[[nodiscard]] int check_node(const std::string& config_path);  // The file, then its zones.
[[nodiscard]] int run_role(const std::string& role, const std::string& config_path);

}  // namespace nearcast::app
