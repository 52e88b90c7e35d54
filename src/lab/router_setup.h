// SPDX-License-Identifier: Apache-2.0
//
// The steps that turn one router of the plan into a namespace that forwards and speaks BGP.
//
// Called from threads of for_each_in_parallel(): they leave the calling thread in the namespace.

#pragma once

#include <cstddef>

#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

// The namespace with its kernel settings and loopback addresses; a PoP's signal devices too.
[[nodiscard]] base::Result<void> make_router(const Plan& plan, size_t router);

// Addresses on its ends of the links, which the relay has made.
[[nodiscard]] base::Result<void> connect_router(const Plan& plan, size_t router);

// Starts BIRD with the configuration that stands at paths::bird_config().
[[nodiscard]] base::Result<void> start_bird(const Plan& plan, size_t router);

}  // namespace nearcast::lab
