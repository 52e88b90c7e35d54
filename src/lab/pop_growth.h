// SPDX-License-Identifier: Apache-2.0
//
// Places that come and go while the lab runs.

#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

// Makes what the plan has and the lab has not yet: the PoP, with its links and the sessions at
// their far ends. It joins as a server does; comes back once every neighbour has its route and it
// answers.
[[nodiscard]] base::Result<std::string> add_pop(const Plan& plan, size_t pop);

// Takes it away, out of `before`, where it still is: its users are asked to go, its right to get
// zones ends, and then everything else. `after` is the plan without it.
[[nodiscard]] base::Result<std::string> remove_pop(const Plan& before, size_t pop,
                                                   const Plan& after);

// Every neighbour has its route, be it as a last resort, and it answers.
[[nodiscard]] bool is_up(const Plan& plan, size_t pop);

// What commands that come later read.
[[nodiscard]] base::Result<void> write_plan(const Plan& plan);

}  // namespace nearcast::lab
