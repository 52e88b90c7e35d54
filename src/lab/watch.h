// SPDX-License-Identifier: Apache-2.0
//
// A live view of the lab in a terminal: PoPs, who answers each city, what happened lately.
//
// Drawing is apart from looking: frame() turns what was seen into text and can be tested.

#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/plan.h"
#include "lab/pop_actions.h"

namespace nearcast::lab {

// One city's latest questions, oldest first: the PoP and the round trip, or none for a lost one.
struct Glance {
    std::optional<size_t> pop;
    double rtt_ms = 0;
};

struct WatchView {
    std::vector<PopState> pops;
    std::vector<size_t> cities;
    std::map<size_t, std::deque<Glance>> glances;
    std::vector<std::string> events;
    std::string clock;
};

inline constexpr size_t kGlancesMax = 30;

// The screen as lines for a terminal of that many rows, with ANSI colours.
[[nodiscard]] std::string frame(const Plan& plan, const WatchView& view, size_t rows);

// Redraws once a second until q or Ctrl-C; needs a terminal.
[[nodiscard]] base::Result<void> watch(const Plan& plan);

// Prints one line of JSON a second instead, until the reader goes away.
[[nodiscard]] base::Result<void> watch_as_json(const Plan& plan);

}  // namespace nearcast::lab
