// SPDX-License-Identifier: Apache-2.0
//
// `nearcast lab …`: a small internet on this machine, to try everything on.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_lab_command(CLI::App& program, int& status);

}  // namespace nearcast
