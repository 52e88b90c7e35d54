// SPDX-License-Identifier: Apache-2.0
//
// `nearcast node retransfer`: has a server fetch a zone anew, whatever its serial is.

#pragma once

#include "command.h"

namespace CLI {
class App;
}

namespace nearcast {

// Joins the family of `node`.
void add_retransfer_command(CLI::App& node, int& status);

}  // namespace nearcast
