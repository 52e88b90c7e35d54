// SPDX-License-Identifier: Apache-2.0
//
// `nearcast node talkers`: the networks that ask most.

#pragma once

#include "command.h"

namespace CLI {
class App;
}

namespace nearcast {

void add_talkers_command(CLI::App& node, int& status);

}  // namespace nearcast
