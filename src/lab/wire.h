// SPDX-License-Identifier: Apache-2.0
//
// What the relay carries packets along: a link of the topology, or the way between a PoP and the
// controller.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/delay_line.h"
#include "lab/plan.h"

namespace nearcast::lab {

struct WireEnd {
    std::string net_namespace;
    std::string device;
};

struct Wire {
    uint32_t number = 0;  // Of its link, or one beyond all links.
    WireEnd a, b;
    LinkQuality quality;
};

// Between the controller and a PoP. The controller stands where the first PoP does.
[[nodiscard]] Wire management_wire(const Plan& plan, const Router& pop);
// Of the whole lab.
[[nodiscard]] std::vector<Wire> wires_of(const Plan& plan);
// Of one router: those of its links, and of a PoP the one to the controller.
[[nodiscard]] std::vector<Wire> wires_of_router(const Plan& plan, size_t router);

// As the words of an order to the relay.
[[nodiscard]] std::string to_words(const Wire& wire);
[[nodiscard]] std::optional<Wire> parse_wire(std::string_view words);

}  // namespace nearcast::lab
