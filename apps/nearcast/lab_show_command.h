// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `nearcast lab` that look and change nothing: status, dig, catchment, watch …

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

void add_lab_show_commands(CLI::App& lab, int& status);

}  // namespace nearcast
