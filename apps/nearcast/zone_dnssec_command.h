// SPDX-License-Identifier: Apache-2.0
//
// `nearcast zone dnssec …`: how a zone is signed.

#pragma once

namespace CLI {
class App;
}

namespace nearcast {

// Joins the family of `zone`; `status` must outlive the parsing of the command line.
void add_zone_dnssec_commands(CLI::App& zone, int& status);

}  // namespace nearcast
