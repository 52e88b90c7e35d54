// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone …`: looks at zones, in files and as a node serves them.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_zone_command(CLI::App& program, int& status);

}  // namespace nearcast
