// SPDX-License-Identifier: Apache-2.0

#include "lab/effect.h"

#include <algorithm>
#include <cmath>
#include <future>
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

std::vector<double> timeline(const std::vector<Probe>& probes, Instant start, Instant end) {
    const size_t steps = end > start ? static_cast<size_t>((end - start) / kTimelineStep) : 0;
    std::vector<size_t> asked(steps);
    std::vector<size_t> answered(steps);
    for (const Probe& probe : probes) {
        if (probe.sent < start) continue;
        const auto step = static_cast<size_t>((probe.sent - start) / kTimelineStep);
        if (step >= steps) break;
        ++asked[step];
        answered[step] += probe.answered ? 1U : 0U;
    }
    std::vector<double> shares;
    for (size_t i = 0; i < steps; ++i) {
        // A step without a question is one in which this machine was busy: as the one before.
        const double last = shares.empty() ? 1 : shares.back();
        shares.push_back(asked[i] == 0
                             ? last
                             : static_cast<double>(answered[i]) / static_cast<double>(asked[i]));
    }
    return shares;
}

// Asks from every city at a steady pace.
class Asker {
 public:
    static Result<Asker> open(const Plan& plan, const base::SocketAddress& target) {
        auto prober = Prober::open(plan, target);
        if (!prober) return std::unexpected(prober.error());
        return Asker(*std::move(prober));
    }

    void ask_until(Instant end) {
        for (Instant next = base::now(); base::now() < end;) {
            prober_.ask_all();
            next = std::max(next + interval_, base::now());
            prober_.listen(next, false);
        }
    }

    // Each city has been answered, and always by the same PoP, for a while.
    [[nodiscard]] bool is_settled() const {
        const Instant now = base::now();
        std::map<size_t, std::optional<size_t>> answered_by;
        const std::vector<Probe>& probes = prober_.probes();
        for (auto probe = probes.rbegin(); probe != probes.rend(); ++probe) {
            if (probe->sent < now - kAnswerPatience - kSettled) {
                return answered_by.size() == prober_.cities().size();
            }
            const bool may_still_come = probe->sent > now - kAnswerPatience;
            if (!probe->answered && may_still_come) continue;
            if (!probe->answered) return false;
            const auto [known, is_new] = answered_by.try_emplace(probe->city, probe->pop);
            if (!is_new && known->second != probe->pop) return false;
        }
        return false;  // It has not looked for long enough.
    }

    [[nodiscard]] Effect effect(Instant acted, Instant last_counted) const {
        std::map<size_t, std::vector<Probe>> of_city;
        for (const Probe& probe : prober_.probes()) of_city[probe.city].push_back(probe);
        Effect effect;
        for (const size_t city : prober_.cities()) {
            effect.cities.push_back(effect_on_city(of_city[city], acted, last_counted));
        }
        effect.answered = timeline(prober_.probes(), acted - kTimelineLead, last_counted);
        return effect;
    }

 private:
    explicit Asker(Prober prober)
        : prober_(std::move(prober)),
          interval_(std::max<base::Duration>(kIntervalMin,
                                             prober_.cities().size() * kIntervalForEachCity)) {}

    Prober prober_;
    base::Duration interval_;
};

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

size_t Effect::asked() const {
    size_t count = 0;
    for (const CityEffect& city : cities) count += city.asked;
    return count;
}

size_t Effect::lost() const {
    size_t count = 0;
    for (const CityEffect& city : cities) count += city.lost;
    return count;
}

CityEffect effect_on_city(const std::vector<Probe>& probes, Instant acted, Instant last_counted) {
    CityEffect effect;
    std::optional<Instant> gap_start;
    Instant after_since = acted;
    for (const Probe& probe : probes) {
        effect.city = probe.city;
        if (probe.sent < acted - kAnswerPatience && !probe.answered) continue;
        if (probe.answered && *probe.answered < acted) {
            effect.before = effect.after = probe.pop;
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
        if (probe.pop != effect.after) after_since = *probe.answered;
        effect.after = probe.pop;
    }
    if (gap_start) {
        effect.gap_ms = std::max(effect.gap_ms, ms_between(*gap_start, last_counted));
        effect.is_silent = ms_between(*gap_start, last_counted) > kSilenceMs;
        if (effect.is_silent) effect.after.reset();
    }
    if (effect.has_moved() && effect.after) effect.moved_ms = ms_between(acted, after_since);
    return effect;
}

Result<Effect> measure_effect(const Plan& plan, const EffectOptions& options,
                              const std::function<Result<void>()>& action) {
    auto asker = Asker::open(plan, options.target);
    if (!asker) return std::unexpected(asker.error());
    asker->ask_until(base::now() + kBefore);
    const Instant acted = base::now();
    std::future<Result<void>> outcome = std::async(std::launch::async, action);
    asker->ask_until(acted + options.at_least);
    const auto is_complete = [&] {
        return outcome.wait_for(0s) == std::future_status::ready &&
               (!options.is_complete || options.is_complete());
    };
    while (base::now() < acted + options.at_most && !(asker->is_settled() && is_complete())) {
        asker->ask_until(base::now() + 100ms);
    }
    if (auto done = outcome.get(); !done) return std::unexpected(done.error());
    return asker->effect(acted, base::now() - kAnswerPatience);
}

Result<bool> wait_until_settled(const Plan& plan, const base::SocketAddress& target,
                                std::chrono::milliseconds at_most) {
    auto asker = Asker::open(plan, target);
    if (!asker) return std::unexpected(asker.error());
    const Instant deadline = base::now() + at_most;
    while (!asker->is_settled()) {
        if (base::now() > deadline) return false;
        asker->ask_until(base::now() + 100ms);
    }
    return true;
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
