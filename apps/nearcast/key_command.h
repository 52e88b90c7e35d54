// SPDX-License-Identifier: Apache-2.0
//
// `nearcast key …`: who may use the API, and for what.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_key_command(CLI::App& program, int& status);

}  // namespace nearcast
