// SPDX-License-Identifier: Apache-2.0
//
// `nearcast pop …`: the places of the network.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_pop_command(CLI::App& program, int& status);

}  // namespace nearcast
