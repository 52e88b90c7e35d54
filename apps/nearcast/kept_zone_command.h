// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone add`, `list`, `show` and others: zones as the controller keeps them.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_kept_zone_commands(CLI::App& zone, int& status);

}  // namespace nearcast
