// SPDX-License-Identifier: Apache-2.0
//
// One piece of work for each of many things, a few at a time.

#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace nearcast::lab {

// Calls work(0) … work(count - 1), each once, on a handful of threads of their own: what they do to
// themselves (their network namespace) ends with them. Stops at the first failure and returns it.
[[nodiscard]] base::Result<void> for_each_in_parallel(
    size_t count, const std::function<base::Result<void>(size_t)>& work);

}  // namespace nearcast::lab
