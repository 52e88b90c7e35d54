// SPDX-License-Identifier: Apache-2.0
//
// `nearcast tenant …`: customers, and what their plan allows.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_tenant_command(CLI::App& program, int& status);

}  // namespace nearcast
