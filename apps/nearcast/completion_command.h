// SPDX-License-Identifier: Apache-2.0
//
// `nearcast completion …`: scripts by which a shell completes this command.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_completion_command(CLI::App& program, int& status);

}  // namespace nearcast
