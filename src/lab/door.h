// SPDX-License-Identifier: Apache-2.0
//
// A way from the machine to the lab's controller: connections to a port of the loopback go on into
// the controller's namespace. The machine's own network has no other part in it.

#pragma once

#include <string>

#include "base/address.h"
#include "base/result.h"
#include "lab/lab_state.h"

namespace nearcast::lab {

// There once the door is open: its port.
inline const std::string kDoorPortFile = paths::kControl + "/port";

// Listens on 127.0.0.1, moves the calling thread into the controller's namespace, and carries
// connections to `target` until the process is killed.
[[nodiscard]] base::Result<void> keep_door(base::SocketAddress target);

}  // namespace nearcast::lab
