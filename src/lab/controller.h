// SPDX-License-Identifier: Apache-2.0
//
// The lab's controller: `nearcast-control` in a namespace that only the PoPs reach, a door to it
// for the machine itself, and the operator's command with which the lab speaks to it.
//
//   in namespace   address              serves
//   nclab-control  10.255.0.1:8053      the API, which servers join by
//                  10.255.0.1:853       the hidden primary
//   the host's     127.0.0.1, any port  the API, through `nearcast lab door`

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

// The name of its context: `nearcast record list example.org --context lab`.
inline constexpr const char* kContextName = "lab";

// Leaves the calling thread there.
[[nodiscard]] base::Result<void> make_controller_namespace();

// Its end of the wire to that PoP, which the relay has made. Leaves the calling thread there.
[[nodiscard]] base::Result<void> connect_controller(const Plan& plan, size_t pop);

[[nodiscard]] base::Result<void> start_controller(const Plan& plan);

// Waits until the API is there, opens the door and tells `nearcast` of it.
[[nodiscard]] base::Result<void> await_controller();

// Where the API is, in the controller's namespace.
[[nodiscard]] base::SocketAddress controller_api();

// Through the door: "https://127.0.0.1:40123".
[[nodiscard]] base::Result<std::string> controller_url();

// What an operator would type after `nearcast`; gives what it printed.
[[nodiscard]] base::Result<std::string> run_nearcast(const std::vector<std::string>& words);

}  // namespace nearcast::lab
