// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone import`: zone files, or a zone of another server, into the controller.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_zone_import_command(CLI::App& zone, int& status);

}  // namespace nearcast
