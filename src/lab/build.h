// SPDX-License-Identifier: Apache-2.0
//
// Brings a lab up: namespaces, links, routers, PoPs, and waits until every city is answered and
// every PoP takes part.

#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/topology.h"

namespace nearcast::lab {

struct BuildOptions {
    Topology topology;
    std::string zones_directory;  // Empty: the example zones.
};

// Told at the start of each step and when there is more to say of it.
using Progress = std::function<void(const std::string& step, const std::string& detail)>;

struct Built {
    size_t routers = 0;
    size_t links = 0;
    std::chrono::milliseconds until_answered{};  // From the call until every city had an answer.
    std::chrono::milliseconds until_up{};        // And until every PoP announced and answered,
    std::string late = {};                       // or these did not, when patience was over.
};

// Call it with the lab's lock held and nothing there. A failure leaves what is there, for
// tear_down().
[[nodiscard]] base::Result<Built> build(const BuildOptions& options, const Progress& progress);

// The machine lacks something that a lab needs: root, /dev/net/tun, BIRD, nearcastd, the user.
[[nodiscard]] base::Result<void> check_machine();

}  // namespace nearcast::lab
