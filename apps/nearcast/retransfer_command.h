// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone retransfer`: has a server fetch a zone anew, whatever its serial is.

#pragma once

#include "command.h"

namespace CLI {
class App;
}

namespace nearcast {

// Joins the family of `zone`.
void add_retransfer_command(CLI::App& zone, int& status);

}  // namespace nearcast
