// SPDX-License-Identifier: Apache-2.0
//
// The records of zone files for programs.

#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

namespace nearcast {

// {"name", "ttl", "type", "content"} of a line of the absolute style, as zone/zone_text.h gives
// them: "www.example.org. 300 IN A 192.0.2.1".
[[nodiscard]] nlohmann::json record_json(std::string_view line);
// The same of whole lines, one behind the other.
[[nodiscard]] nlohmann::json records_json(std::string_view lines);

}  // namespace nearcast
