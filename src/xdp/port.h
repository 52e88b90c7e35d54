// SPDX-License-Identifier: Apache-2.0
//
// An interface whose queries come here: its filter, attached, and a socket for each of its queues.
//
// All that needs rights happens in open_port(); what it returns works without any.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "xdp/filter.h"
#include "xdp/interface.h"
#include "xdp/queue.h"

namespace nearcast::xdp {

struct PortOptions {
    std::string interface;
    std::span<const base::IpAddress> services;  // Queries to port 53 of these are taken.
    bool is_busy_polling = false;
};

struct Port {
    Interface interface;
    Filter filter;
    std::vector<Queue> queues;
    Mode mode = Mode::Native;
    std::string why_generic;  // What the driver said to native mode. Empty in native mode.
};

// In native mode, where the driver has it, else in generic mode. Fails where neither works, and
// leaves nothing behind: the interface is as it was.
[[nodiscard]] base::Result<Port> open_port(const PortOptions& options);

}  // namespace nearcast::xdp
