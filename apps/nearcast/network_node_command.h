// SPDX-License-Identifier: Apache-2.0
//
// `nearcast node list` and others: the nodes of the network, as the controller knows them.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_network_node_commands(CLI::App& node, int& status);

}  // namespace nearcast
