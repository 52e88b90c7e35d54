// SPDX-License-Identifier: Apache-2.0
//
// `nearcast context …`: the networks that an operator works with.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_context_command(CLI::App& program, int& status);

}  // namespace nearcast
