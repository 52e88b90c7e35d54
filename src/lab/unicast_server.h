// SPDX-License-Identifier: Apache-2.0
//
// The one ordinary name server that anycast is compared with: `nearcastd` without a guard.

#pragma once

#include <cstddef>

#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

[[nodiscard]] base::Result<void> start_unicast_server(const Plan& plan, size_t router);

// As SIGKILL does; nothing starts it again.
[[nodiscard]] base::Result<void> kill_unicast_server(const Plan& plan, size_t router);

}  // namespace nearcast::lab
