// SPDX-License-Identifier: Apache-2.0
//
// One piece of work for each of many things, on all the cores that this process may use.

#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace nearcast::base {

// The cores that this process may use, in ascending order; at least one.
[[nodiscard]] std::vector<unsigned> usable_core_numbers();
[[nodiscard]] unsigned usable_cores();

// Calls `work` for each number below `count`, in no order, from several threads at once where that
// is worth a thread: each gets `share` numbers or more. Returns when all is done. What one call
// throws ends the process.
void side_by_side(size_t count, size_t share, const std::function<void(size_t number)>& work);

}  // namespace nearcast::base
