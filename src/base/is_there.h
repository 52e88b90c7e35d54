// SPDX-License-Identifier: Apache-2.0
//
// Whether something is at a path, of whatever kind.

#pragma once

#include <string>

#include <unistd.h>

namespace nearcast::base {

[[nodiscard]] inline bool is_there(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace nearcast::base
