// SPDX-License-Identifier: Apache-2.0
//
// Zones in paths: "example.org.", with or without the last dot, odd characters as =XX.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dns/name.h"

namespace nearcast::control_api {

// "=2E" is the root; "16=2F28.2.0.192.in-addr.arpa." a classless reverse zone.
[[nodiscard]] std::string zone_id(const dns::Name& zone);

// Nothing when it is no name. The escapes of the path are undone already.
[[nodiscard]] std::optional<dns::Name> parse_zone_id(std::string_view id);

}  // namespace nearcast::control_api
