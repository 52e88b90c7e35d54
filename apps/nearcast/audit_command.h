// SPDX-License-Identifier: Apache-2.0
//
// `nearcast audit …`: who did what, and whether that is still as it was written.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_audit_command(CLI::App& program, int& status);

}  // namespace nearcast
