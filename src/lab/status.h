// SPDX-License-Identifier: Apache-2.0
//
// The lab as it is now, PoP by PoP.

#pragma once

#include <string>
#include <vector>

#include "lab/plan.h"
#include "lab/pop_actions.h"

namespace nearcast::lab {

// In the order of the topology.
[[nodiscard]] std::vector<PopState> inspect_pops(const Plan& plan);

[[nodiscard]] std::string status_text(const Plan& plan, const std::vector<PopState>& states);
[[nodiscard]] std::string status_json(const Plan& plan, const std::vector<PopState>& states);

}  // namespace nearcast::lab
