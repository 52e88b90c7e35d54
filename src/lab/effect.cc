// SPDX-License-Identifier: Apache-2.0

#include "lab/effect.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/clock.h"
#include "lab/table.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

namespace {

using base::Instant;
using base::Result;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kBefore = 600ms;
// An answer that comes later than this came from nowhere on this planet: it is 290 ms of fibre to
// the other side and back.
constexpr auto kAnswerPatience = 600ms;
// So long a city must have been answered by one PoP to count as settled.
constexpr auto kSettled = 700ms;
// Below this, probing itself would load two cores; the relay carries 50,000 packets a second.
constexpr auto kIntervalMin = 10ms;
constexpr auto kIntervalForEachCity = 800us;

// A city that ends in silence longer than this is answered by nobody.
constexpr double kSilenceMs = 300;

double ms_between(Instant from, Instant to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

bool is_settled(const std::vector<Probe>& probes, size_t cities, Instant now) {
    std::map<size_t, std::optional<size_t>> answered_by;
    for (auto probe = probes.rbegin(); probe != probes.rend(); ++probe) {
        if (probe->sent < now - kAnswerPatience - kSettled) break;
        if (probe->sent > now - kAnswerPatience) {
            if (!probe->answered) continue;
        } else if (!probe->answered) {
            return false;
        }
        const auto [known, is_new] = answered_by.try_emplace(probe->city, probe->pop);
        if (!is_new && known->second != probe->pop) return false;
    }
    return answered_by.size() == cities;
}

std::string name_of(const Plan& plan, std::optional<size_t> pop) {
    return pop ? plan.router(*pop).name : "nobody";
}

std::string line_of(const Plan& plan, const CityEffect& effect) {
    std::string line = "  " + plan.router(effect.city).city + ": ";
    if (effect.has_moved()) {
        line += name_of(plan, effect.before) + " -> " + name_of(plan, effect.after);
        if (effect.after) line += " after " + milliseconds(effect.moved_ms);
    } else {
        line += "still " + name_of(plan, effect.after);
    }
    if (effect.lost == 0) return line + ", no question lost\n";
    return line + ", " + milliseconds(effect.gap_ms) + " without an answer (" +
           std::to_string(effect.lost) + " of " + std::to_string(effect.asked) +
           " questions lost)\n";
}

}  // namespace

CityEffect effect_on_city(const std::vector<Probe>& probes, Instant acted, Instant last_counted) {
    CityEffect effect;
    std::optional<Instant> gap_start;
    Instant after_since = acted;
    for (const Probe& probe : probes) {
        effect.city = probe.city;
        if (probe.sent < acted) {
            if (probe.answered) effect.before = effect.after = probe.pop;
            continue;
        }
        if (probe.sent > last_counted) break;
        ++effect.asked;
        if (!probe.answered) {
            ++effect.lost;
            if (!gap_start) gap_start = probe.sent;
            continue;
        }
        if (gap_start) effect.gap_ms = std::max(effect.gap_ms, ms_between(*gap_start, probe.sent));
        gap_start.reset();
        if (probe.pop != effect.after) after_since = probe.sent;
        effect.after = probe.pop;
    }
    if (gap_start) {
        effect.gap_ms = std::max(effect.gap_ms, ms_between(*gap_start, last_counted));
        if (effect.gap_ms > kSilenceMs) effect.after.reset();
    }
    if (effect.has_moved() && effect.after) effect.moved_ms = ms_between(acted, after_since);
    return effect;
}

Result<std::vector<CityEffect>> measure_effect(const Plan& plan, const EffectOptions& options,
                                               const std::function<Result<void>()>& action) {
    auto prober = Prober::open(plan, options.target);
    if (!prober) return std::unexpected(prober.error());
    const size_t cities = prober->cities().size();
    const auto interval = std::max<base::Duration>(kIntervalMin, cities * kIntervalForEachCity);
    const auto ask_until = [&](Instant end) {
        for (Instant next = base::now(); base::now() < end;) {
            prober->ask_all();
            next += interval;
            prober->listen(next, false);
        }
    };
    ask_until(base::now() + kBefore);
    const Instant acted = base::now();
    if (auto done = action(); !done) return std::unexpected(done.error());
    ask_until(acted + options.at_least);
    while (base::now() < acted + options.at_most &&
           !is_settled(prober->probes(), cities, base::now())) {
        ask_until(base::now() + 100ms);
    }
    const Instant last_counted = base::now() - kAnswerPatience;
    std::map<size_t, std::vector<Probe>> of_city;
    for (const Probe& probe : prober->probes()) of_city[probe.city].push_back(probe);
    std::vector<CityEffect> effects;
    for (const size_t city : prober->cities()) {
        effects.push_back(effect_on_city(of_city[city], acted, last_counted));
    }
    return effects;
}

std::string effect_text(const Plan& plan, const std::vector<CityEffect>& effects) {
    std::string text;
    size_t unmoved = 0;
    for (const CityEffect& effect : effects) {
        if (effect.has_noticed()) {
            text += line_of(plan, effect);
        } else {
            ++unmoved;
        }
    }
    if (unmoved == effects.size()) return "  no city noticed anything\n";
    if (unmoved > 0) text += "  the other " + std::to_string(unmoved) + " cities noticed nothing\n";
    return text;
}

std::string effect_json(const Plan& plan, const std::vector<CityEffect>& effects) {
    const auto pop = [&plan](std::optional<size_t> index) {
        return index ? json(plan.router(*index).name) : json(nullptr);
    };
    json list = json::array();
    for (const CityEffect& effect : effects) {
        list.push_back({{"city", plan.router(effect.city).name},
                        {"before", pop(effect.before)},
                        {"after", pop(effect.after)},
                        {"asked", effect.asked},
                        {"lost", effect.lost},
                        {"gap_ms", std::round(effect.gap_ms * 10) / 10},
                        {"moved_ms", std::round(effect.moved_ms * 10) / 10}});
    }
    return list.dump(1) + '\n';
}

}  // namespace nearcast::lab
