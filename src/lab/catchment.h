// SPDX-License-Identifier: Apache-2.0
//
// Which PoP answers each city, and how fast: what anycast routing comes to.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

// Cities and PoPs are indices of routers in the plan.
struct Catchment {
    size_t city = 0;
    std::optional<size_t> pop;  // None when nobody answered.
    double rtt_ms = 0;          // The fastest of the answers; 0 without one.
    size_t nearest = 0;         // The PoP with the shortest great circle, whoever answered.
};

// Asks every city a few times; one that is silent takes two seconds.
[[nodiscard]] base::Result<std::vector<Catchment>> measure_catchments(
    const Plan& plan, const base::SocketAddress& target);

// As a table for people; `--json` prints the other.
[[nodiscard]] std::string catchment_table(const Plan& plan, const std::vector<Catchment>& rows);
[[nodiscard]] std::string catchment_json(const Plan& plan, const std::vector<Catchment>& rows);

}  // namespace nearcast::lab
