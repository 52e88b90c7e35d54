// SPDX-License-Identifier: Apache-2.0
//
// `nearcast lab add-pop`, `remove-pop`: places that come and go while the lab runs.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

void add_lab_grow_commands(CLI::App& lab, int& status);

}  // namespace nearcast
