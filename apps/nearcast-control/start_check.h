// SPDX-License-Identifier: Apache-2.0
//
// nearcast-control --check: what a start opens, opened without leaving anything behind.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "control_config.h"

namespace nearcast::control_app {

// Fails when the controller would not start, as far as whoever asks can see: run it as the user
// that the controller runs as. Returns what is wrong and keeps it from nothing. A controller that
// runs is not disturbed, so addresses to listen on are not tried.
[[nodiscard]] base::Result<std::vector<base::Error>> check_start(const ControlConfig& config);

}  // namespace nearcast::control_app
