// SPDX-License-Identifier: Apache-2.0
//
// `nearcast node zones` and `nearcast node export`: what a running server has.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// Adds both to `nearcast node`; `status` becomes the exit status.
void add_served_zones_commands(CLI::App& node, int& status);

}  // namespace nearcast
