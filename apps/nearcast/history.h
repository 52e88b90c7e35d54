// SPDX-License-Identifier: Apache-2.0
//
// The history of zones, as `nearcast change` and `nearcast zone` tell it.

#pragma once

#include <string>

#include "controller.h"

namespace nearcast {

// The newest first, `most` of them. An empty zone: of all.
[[nodiscard]] base::Result<int> list_changes(Controller& controller, const std::string& zone,
                                             size_t most, bool is_json);

// "/api/v1/changes/12". Fails for what is no number.
[[nodiscard]] base::Result<std::string> change_path(const std::string& sequence);

}  // namespace nearcast
