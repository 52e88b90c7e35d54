// SPDX-License-Identifier: Apache-2.0
//
// Who serves a change, as the API tells it: judged, and as a table.

#pragma once

#include <string>

#include "console/table.h"

#include <nlohmann/json.hpp>

namespace nearcast::console {

// Whether those serve it whom `wait` names: "all", "quorum" (more than half of the places) or
// "pop:NAME". A network without nodes has nobody who does not, and no place of any name.
[[nodiscard]] bool is_served(const nlohmann::json& receipts, const std::string& wait);

// A line for each place: since when all its nodes serve it, or why not.
[[nodiscard]] Table receipts_table(const nlohmann::json& receipts);
// A line for each node that does not serve it, with the reason.
[[nodiscard]] std::string lagging_text(const nlohmann::json& receipts);

}  // namespace nearcast::console
