// SPDX-License-Identifier: Apache-2.0
//
// `nearcast record …`: single sets of records.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_record_command(CLI::App& program, int& status);

}  // namespace nearcast
