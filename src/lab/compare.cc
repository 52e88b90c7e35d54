// SPDX-License-Identifier: Apache-2.0

#include "lab/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/clock.h"
#include "lab/lab_state.h"
#include "lab/pop_actions.h"
#include "lab/prober.h"
#include "lab/table.h"
#include "lab/unicast_server.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

namespace {

using base::Result;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kRounds = 20;
constexpr auto kRoundPatience = 600ms;
// The same time for both, long enough for the slowest failover that is not one.
constexpr auto kFailureWatched = 5s + 600ms;  // The last questions must have time to be answered.
constexpr auto kHealPatience = 60s;

std::map<size_t, std::vector<double>> times_of(const std::vector<Probe>& probes) {
    std::map<size_t, std::vector<double>> times;
    for (const Probe& probe : probes) {
        if (probe.answered) times[probe.city].push_back(probe.rtt_ms());
    }
    return times;
}

std::vector<double> all_times(const std::vector<Probe>& probes) {
    std::vector<double> times;
    for (const Probe& probe : probes) {
        if (probe.answered) times.push_back(probe.rtt_ms());
    }
    return times;
}

Result<void> measure_latency(const Plan& plan, Comparison& result) {
    auto unicast = Prober::open(plan, dns_address(plan.unicast, false));
    if (!unicast) return std::unexpected(unicast.error());
    auto anycast = Prober::open(plan, dns_address(plan.service, false));
    if (!anycast) return std::unexpected(anycast.error());
    for (int round = 0; round < kRounds; ++round) {
        for (Prober* prober : {&*unicast, &*anycast}) {
            prober->ask_all();
            prober->listen(base::now() + kRoundPatience, true);
        }
    }
    auto unicast_times = times_of(unicast->probes());
    auto anycast_times = times_of(anycast->probes());
    std::map<size_t, std::optional<size_t>> pops;
    for (const Probe& probe : anycast->probes()) {
        if (probe.answered) pops[probe.city] = probe.pop;
    }
    for (const size_t city : anycast->cities()) {
        result.cities.push_back({.city = city,
                                 .unicast_ms = quantile(unicast_times[city], 0.5),
                                 .anycast_ms = quantile(anycast_times[city], 0.5),
                                 .pop = pops[city]});
    }
    result.unicast.median_ms = quantile(all_times(unicast->probes()), 0.5);
    result.unicast.p95_ms = quantile(all_times(unicast->probes()), 0.95);
    result.anycast.median_ms = quantile(all_times(anycast->probes()), 0.5);
    result.anycast.p95_ms = quantile(all_times(anycast->probes()), 0.95);
    return {};
}

std::optional<size_t> busiest_pop(const Comparison& comparison) {
    std::map<size_t, size_t> cities;
    for (const ComparedCity& city : comparison.cities) {
        if (city.pop) ++cities[*city.pop];
    }
    const auto busiest =
        std::ranges::max_element(cities, {}, [](const auto& entry) { return entry.second; });
    if (busiest == cities.end()) return std::nullopt;
    return busiest->first;
}

Result<void> measure_pop_failure(const Plan& plan, Comparison& result) {
    const auto pop = busiest_pop(result);
    if (!pop) return base::fail("no city is answered", "nearcast lab status");
    result.anycast.victim = "the PoP in " + plan.router(*pop).city;
    const EffectOptions watching{.target = dns_address(plan.service, false),
                                 .at_least = kFailureWatched,
                                 .at_most = kFailureWatched};
    auto effect = measure_effect(plan, watching, [&]() -> Result<void> {
        auto done = act(plan, *pop, Action::Kill);
        return done ? Result<void>() : std::unexpected(done.error());
    });
    if (!effect) return std::unexpected(effect.error());
    result.anycast.failure = *std::move(effect);
    const EffectOptions healing{
        .target = dns_address(plan.service, false),
        .is_complete = [&] { return is_complete(inspect_pop(plan, *pop), Action::Heal); },
        .at_most = kHealPatience};
    auto healed = measure_effect(plan, healing, [&]() -> Result<void> {
        auto done = act(plan, *pop, Action::Heal);
        return done ? Result<void>() : std::unexpected(done.error());
    });
    return healed ? Result<void>() : std::unexpected(healed.error());
}

Result<void> measure_server_failure(const Plan& plan, Comparison& result) {
    const Router* server = plan.topology.of_kind(RouterKind::Server).front();
    const size_t index = plan.topology.index_of(server->name);
    result.unicast.victim = "the server in " + server->city;
    const EffectOptions watching{.target = dns_address(plan.unicast, false),
                                 .at_least = kFailureWatched,
                                 .at_most = kFailureWatched};
    auto effect = measure_effect(plan, watching, [&] { return kill_unicast_server(plan, index); });
    if (!effect) return std::unexpected(effect.error());
    result.unicast.failure = *std::move(effect);
    return start_unicast_server(plan, index);
}

double gap_max(const Effect& effect) {
    double longest = 0;
    for (const CityEffect& city : effect.cities) longest = std::max(longest, city.gap_ms);
    return longest;
}

size_t cities_hit(const Effect& effect) {
    return static_cast<size_t>(
        std::ranges::count_if(effect.cities, [](const CityEffect& city) { return city.lost > 0; }));
}

std::string percent(size_t part, size_t whole) {
    std::array<char, 32> text{};
    const double share =
        whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
    std::snprintf(text.data(), text.size(), "%.1f %%", share);
    return text.data();
}

std::string silence(const Effect& effect) {
    const bool lasts = std::ranges::any_of(effect.cities, &CityEffect::is_silent);
    return lasts ? "until it is repaired" : milliseconds(gap_max(effect));
}

json side_json(const Side& side) {
    return {{"name", side.name},
            {"median_ms", std::round(side.median_ms * 10) / 10},
            {"p95_ms", std::round(side.p95_ms * 10) / 10},
            {"victim", side.victim},
            {"asked", side.failure.asked()},
            {"lost", side.failure.lost()},
            {"cities_hit", cities_hit(side.failure)},
            {"gap_ms", std::round(gap_max(side.failure))}};
}

}  // namespace

Result<Comparison> compare(const Plan& plan, const std::function<void(const std::string&)>& tell) {
    if (plan.unicast.empty()) {
        return base::fail("this lab has no unicast server", "add a [[server]] to its topology");
    }
    Comparison result;
    result.unicast.name =
        "one server in " + plan.topology.of_kind(RouterKind::Server).front()->city;
    result.anycast.name =
        "anycast from " + std::to_string(plan.topology.of_kind(RouterKind::Pop).size()) + " PoPs";
    tell("asking both from every city");
    if (auto done = measure_latency(plan, result); !done) return std::unexpected(done.error());
    tell("killing the busiest PoP, and healing it");
    if (auto done = measure_pop_failure(plan, result); !done) return std::unexpected(done.error());
    tell("killing the one server, and starting it again");
    if (auto done = measure_server_failure(plan, result); !done) {
        return std::unexpected(done.error());
    }
    return result;
}

double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const double rank = std::ceil(share * static_cast<double>(values.size()));
    return values[static_cast<size_t>(std::max(1.0, rank)) - 1];
}

std::string comparison_text(const Plan& plan, const Comparison& comparison) {
    const auto& [cities, unicast, anycast] = comparison;
    Table by_city({"city", "unicast", "anycast", "answered by"});
    for (const ComparedCity& city : cities) {
        by_city.add({plan.router(city.city).city, milliseconds(city.unicast_ms),
                     milliseconds(city.anycast_ms), city.pop ? plan.router(*city.pop).city : "-"});
    }
    const std::string all = std::to_string(cities.size());
    Table summary({"", unicast.name, anycast.name});
    summary.add(
        {"median round trip", milliseconds(unicast.median_ms), milliseconds(anycast.median_ms)});
    summary.add({"95th percentile", milliseconds(unicast.p95_ms), milliseconds(anycast.p95_ms)});
    summary.add({"what dies", unicast.victim, anycast.victim});
    summary.add({"cities that lose questions",
                 std::to_string(cities_hit(unicast.failure)) + " of " + all,
                 std::to_string(cities_hit(anycast.failure)) + " of " + all});
    summary.add({"questions lost in 5 s", percent(unicast.failure.lost(), unicast.failure.asked()),
                 percent(anycast.failure.lost(), anycast.failure.asked())});
    summary.add({"longest silence", silence(unicast.failure), silence(anycast.failure)});
    return by_city.text() + '\n' + summary.text();
}

std::string comparison_json(const Plan& plan, const Comparison& comparison) {
    json cities = json::array();
    for (const ComparedCity& city : comparison.cities) {
        cities.push_back({{"city", plan.router(city.city).name},
                          {"unicast_ms", std::round(city.unicast_ms * 10) / 10},
                          {"anycast_ms", std::round(city.anycast_ms * 10) / 10},
                          {"pop", city.pop ? json(plan.router(*city.pop).name) : json(nullptr)}});
    }
    return json({{"cities", cities},
                 {"unicast", side_json(comparison.unicast)},
                 {"anycast", side_json(comparison.anycast)}})
               .dump(1) +
           '\n';
}

}  // namespace nearcast::lab
