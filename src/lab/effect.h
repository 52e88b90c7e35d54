// SPDX-License-Identifier: Apache-2.0
//
// What a failure costs the users: every city asks all the time while something is done to the lab.

#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/plan.h"
#include "lab/prober.h"

namespace nearcast::lab {

// What one city saw. PoPs are indices of routers; none: nobody answers.
struct CityEffect {
    size_t city = 0;
    std::optional<size_t> before;
    std::optional<size_t> after;
    size_t asked = 0;  // Since the action; with those that were under way then.
    size_t lost = 0;
    bool is_silent = false;  // Nobody answers at the end.
    double gap_ms = 0;       // The longest time in which every question went unanswered.
    double moved_ms = 0;  // From the action to the first answer by `after`; 0 if it did not move.

    [[nodiscard]] bool has_moved() const { return before != after; }
    [[nodiscard]] bool has_noticed() const { return has_moved() || lost > 0; }
};

// What all of them saw together.
struct Effect {
    std::vector<CityEffect> cities;
    // The share of the questions that were answered, from 0 to 1, in each kTimelineStep from
    // kTimelineLead before the action on.
    std::vector<double> answered;

    [[nodiscard]] size_t asked() const;
    [[nodiscard]] size_t lost() const;
};
inline constexpr std::chrono::milliseconds kTimelineStep{50};
inline constexpr std::chrono::milliseconds kTimelineLead{500};

struct EffectOptions {
    base::SocketAddress target;
    // How long to look at least, also when nothing happens: a failure may take so long to show.
    std::chrono::milliseconds at_least{1000};
    // Looks on until this is true, too; may be empty. Asked ten times a second.
    std::function<bool()> is_complete = {};
    // When to give up waiting for every city to be answered again.
    std::chrono::milliseconds at_most{15000};
};

// Asks, acts on a thread of its own, and asks on until every city has been answered by one PoP for
// a while, or until at_most. Effects come in the order of the cities.
[[nodiscard]] base::Result<Effect> measure_effect(
    const Plan& plan, const EffectOptions& options,
    const std::function<base::Result<void>()>& action);

// Waits until every city is answered by one PoP for a while; false when `at_most` ran out first.
[[nodiscard]] base::Result<bool> wait_until_settled(const Plan& plan,
                                                    const base::SocketAddress& target,
                                                    std::chrono::milliseconds at_most);

// From the probes of one city, oldest first. `acted` parts before from after; what was sent after
// `last_counted` may still be answered and does not count.
[[nodiscard]] CityEffect effect_on_city(const std::vector<Probe>& probes, base::Instant acted,
                                        base::Instant last_counted);

// "Tokyo: sin -> syd, 48 ms without an answer (5 of 210 questions lost)", a line each city that
// noticed something, and a line on the others.
[[nodiscard]] std::string effect_text(const Plan& plan, const std::vector<CityEffect>& effects);
[[nodiscard]] std::string effect_json(const Plan& plan, const std::vector<CityEffect>& effects);

}  // namespace nearcast::lab
