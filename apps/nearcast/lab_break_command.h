// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `nearcast lab` that break a PoP or heal it, and show what the users notice.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

void add_lab_break_commands(CLI::App& lab, int& status);

}  // namespace nearcast
