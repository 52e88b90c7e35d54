// SPDX-License-Identifier: Apache-2.0
//
// The time of day as the tables have it.

#pragma once

#include "base/clock.h"
#include "control/model.h"

namespace nearcast::control {

[[nodiscard]] inline Timestamp wall_now() {
    return std::chrono::floor<Timestamp>(base::unix_now());
}

}  // namespace nearcast::control
