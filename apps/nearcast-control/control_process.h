// SPDX-License-Identifier: Apache-2.0
//
// The controller: database, API and hidden primary, from start to orderly end.

#pragma once

#include "control_config.h"

namespace nearcast::control_app {

// Serves until SIGTERM or SIGINT; returns the exit status. Says on stderr why it cannot start.
[[nodiscard]] int run_control(ControlConfig config);

}  // namespace nearcast::control_app
