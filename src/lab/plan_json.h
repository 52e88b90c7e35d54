// SPDX-License-Identifier: Apache-2.0
//
// The plan as JSON, for scripts that want to look into a lab.

#pragma once

#include <string>

#include "lab/plan.h"

namespace nearcast::lab {

[[nodiscard]] std::string plan_json(const Plan& plan);

[[nodiscard]] std::string_view to_text(RouterKind kind);

}  // namespace nearcast::lab
