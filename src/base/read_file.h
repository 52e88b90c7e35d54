// SPDX-License-Identifier: Apache-2.0
//
// Files that an operator names, as a whole: settings, secrets, certificates.

#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace nearcast::base {

// What is named by mistake may have no end (/dev/zero). Settings for a million zones have half.
constexpr size_t kReadFileMax = size_t{256} << 20;

// Fails with "cannot read PATH: why", for directories too, and beyond kReadFileMax bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace nearcast::base
