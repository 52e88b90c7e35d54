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

// A namespace with the kernel settings of all of them, its loopback device up.
[[nodiscard]] base::Result<void> make_namespace(const std::string& name);

// Its namespace, with its addresses on the loopback device unless it is a PoP.
[[nodiscard]] base::Result<void> make_router(const Plan& plan, size_t router);

// Addresses on its ends of the links, which the relay has made.
[[nodiscard]] base::Result<void> connect_router(const Plan& plan, size_t router);

// One of them.
[[nodiscard]] base::Result<void> connect_interface(const Plan& plan, size_t router,
                                                   const Interface& interface);

// Starts BIRD with the configuration that stands at paths::bird_config().
[[nodiscard]] base::Result<void> start_bird(const Plan& plan, size_t router);

}  // namespace nearcast::lab
