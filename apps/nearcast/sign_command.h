// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone sign`: signs a zone file with keys in files, for those who run no controller.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// `status` must outlive the parsing of the command line.
void add_sign_command(CLI::App& zone, int& status);

}  // namespace nearcast
