// SPDX-License-Identifier: Apache-2.0
//
// nearcastd --fetch: brings every zone that catalogs list into the store, without serving any.

#pragma once

#include <string>

namespace nearcast::app {

// For a node that joins: so it announces with all of its zones. Prints how far it came. Returns the
// exit status: 0 if every zone is there, 1 if any is missing, or the catalog itself.
[[nodiscard]] int fetch_zones(const std::string& config_path);

}  // namespace nearcast::app
