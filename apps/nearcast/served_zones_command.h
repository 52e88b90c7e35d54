// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone list` and `nearcast zone export`: what a running server has.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// Adds both to `nearcast zone`; `status` becomes the exit status.
void add_served_zones_commands(CLI::App& zone, int& status);

}  // namespace nearcast
