// SPDX-License-Identifier: Apache-2.0
//
// `nearcast node join`: a fresh server becomes a node, from a token to an announcement.

#pragma once

#include <CLI/CLI.hpp>

namespace nearcast {

void add_join_command(CLI::App& node, int& status);

}  // namespace nearcast
