// SPDX-License-Identifier: Apache-2.0
//
// `nearcast change …`: the history of all zones.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_change_command(CLI::App& program, int& status);

}  // namespace nearcast
