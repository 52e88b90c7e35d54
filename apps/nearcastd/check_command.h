// SPDX-License-Identifier: Apache-2.0
//
// nearcastd --check: what the server would say of the zones, without serving them.

#pragma once

#include <string>

#include "zone_directory.h"

namespace nearcast::app {

// Prints every finding on stdout, then one line for the whole. Returns the exit status: 0 if every
// zone would be served, 1 if any would not.
[[nodiscard]] int check_zones(const std::string& directory, Files files);

}  // namespace nearcast::app
