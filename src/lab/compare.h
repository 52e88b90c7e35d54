// SPDX-License-Identifier: Apache-2.0
//
// One server at one place against anycast from many: the same questions from every city, and what
// the users lose when that server, or the PoP with the most cities, dies.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/effect.h"
#include "lab/plan.h"

namespace nearcast::lab {

struct ComparedCity {
    size_t city = 0;
    double unicast_ms = 0;  // Medians. 0: no answer.
    double anycast_ms = 0;
    std::optional<size_t> pop;
};

struct Side {
    std::string name;  // "one server in Frankfurt am Main", "5 PoPs".
    double median_ms = 0;
    double p95_ms = 0;
    std::string victim;  // What was killed.
    Effect failure;
};

struct Comparison {
    std::vector<ComparedCity> cities;
    Side unicast;
    Side anycast;
};

// Takes half a minute: kills, waits, heals. Call it with the lab's lock held. `tell` says what is
// being done.
[[nodiscard]] base::Result<Comparison> compare(const Plan& plan,
                                               const std::function<void(const std::string&)>& tell);

// The value below which `share` of the values lie; 0 of none. `values` need not be sorted.
[[nodiscard]] double quantile(std::vector<double> values, double share);

[[nodiscard]] std::string comparison_text(const Plan& plan, const Comparison& comparison);
[[nodiscard]] std::string comparison_json(const Plan& plan, const Comparison& comparison);

}  // namespace nearcast::lab
