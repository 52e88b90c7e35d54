// SPDX-License-Identifier: Apache-2.0
//
// `nearcast node …`: looks after the node on this machine.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_node_command(CLI::App& program, int& status);

}  // namespace nearcast
