// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone …`: zones at the controller, and in files.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_zone_command(CLI::App& program, int& status);

}  // namespace nearcast
