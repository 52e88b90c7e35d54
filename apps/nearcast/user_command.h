// SPDX-License-Identifier: Apache-2.0
//
// `nearcast user …`: who may log in.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_user_command(CLI::App& program, int& status);

}  // namespace nearcast
