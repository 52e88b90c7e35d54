// SPDX-License-Identifier: Apache-2.0
//
// nearcastd --check: what the server would say of the zones, without serving them.

#pragma once

#include <string>

#include "transfer/transfer_config.h"

namespace nearcast::app {

// Prints every finding on stdout, then one line for the whole; and what the settings say of zones
// that are not there. Returns the exit status: 0 if every zone would be served, 1 if any would not.
[[nodiscard]] int check_zones(const std::string& directory,
                              const transfer::TransferConfig& transfers);

}  // namespace nearcast::app
