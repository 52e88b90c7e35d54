// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone edit`: a zone in an editor, and only what was changed goes back.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_zone_edit_command(CLI::App& zone, int& status);

}  // namespace nearcast
