// SPDX-License-Identifier: Apache-2.0
//
// Takes a lab away, however much of it there is.

#pragma once

#include <cstddef>

#include "base/result.h"

namespace nearcast::lab {

struct Removed {
    size_t processes = 0;
    size_t namespaces = 0;
};

// Works from what the machine shows, not from what a state file says: every namespace with our
// prefix, every process in one, the state directory. Call it with the lab's lock held.
[[nodiscard]] base::Result<Removed> tear_down();

}  // namespace nearcast::lab
