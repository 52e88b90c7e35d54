// SPDX-License-Identifier: Apache-2.0
//
// Whole files as strings.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace nearcast::lab {

[[nodiscard]] base::Result<std::string> read_text(const std::string& path);

// Replaces what was there.
[[nodiscard]] base::Result<void> write_text(const std::string& path, std::string_view text);

}  // namespace nearcast::lab
