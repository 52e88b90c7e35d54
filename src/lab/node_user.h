// SPDX-License-Identifier: Apache-2.0
//
// The user that nearcastd runs as.

#pragma once

namespace nearcast::lab {

inline constexpr const char* kNodeUser = "nearcast";

}  // namespace nearcast::lab
