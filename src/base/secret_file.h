// SPDX-License-Identifier: Apache-2.0
//
// Files with keys in them, which their owner alone can read.

#pragma once

#include <string>

#include "base/result.h"

namespace nearcast::base {

// In place of an older one, at once: whoever reads sees all of one or all of the other.
[[nodiscard]] Result<void> write_secret_file(const std::string& path, const std::string& text);

}  // namespace nearcast::base
