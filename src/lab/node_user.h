// SPDX-License-Identifier: Apache-2.0
//
// The user that nearcastd runs as.

#pragma once

#include <sys/types.h>

#include "base/result.h"

namespace nearcast::lab {

inline constexpr const char* kNodeUser = "nearcast";

[[nodiscard]] base::Result<uid_t> node_user();

}  // namespace nearcast::lab
