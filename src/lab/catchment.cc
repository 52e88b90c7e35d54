// SPDX-License-Identifier: Apache-2.0

#include "lab/catchment.h"

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "lab/prober.h"
#include "lab/table.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

namespace {

using base::Result;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kRounds = 4;
constexpr auto kRoundPatience = 500ms;  // Half way round the world and back is 280 ms of fibre.

double distance_km(const Plan& plan, size_t city, size_t pop) {
    return great_circle_km(plan.router(city).place, plan.router(pop).place);
}

json row_json(const Plan& plan, const Catchment& row) {
    json object{{"city", plan.router(row.city).name},
                {"pop", nullptr},
                {"rtt_ms", nullptr},
                {"distance_km", nullptr},
                {"nearest_pop", plan.router(row.nearest).name}};
    if (row.pop) {
        object["pop"] = plan.router(*row.pop).name;
        object["rtt_ms"] = std::round(row.rtt_ms * 100) / 100;
        object["distance_km"] = std::round(distance_km(plan, row.city, *row.pop));
    }
    return object;
}

}  // namespace

Result<std::vector<Catchment>> measure_catchments(const Plan& plan,
                                                  const base::SocketAddress& target) {
    auto prober = Prober::open(plan, target);
    if (!prober) return std::unexpected(prober.error());
    std::map<size_t, Catchment> rows;
    for (const size_t city : prober->cities()) {
        const Router* nearest = nearest_pop(plan.topology, plan.router(city));
        rows[city] = {.city = city, .pop = {}, .nearest = plan.topology.index_of(nearest->name)};
    }
    for (int round = 0; round < kRounds; ++round) {
        prober->ask_all();
        prober->listen(base::now() + kRoundPatience, true);
    }
    for (const Probe& probe : prober->probes()) {
        if (!probe.answered) continue;
        Catchment& row = rows[probe.city];
        const bool is_faster = row.rtt_ms == 0 || probe.rtt_ms() < row.rtt_ms;
        if (is_faster || probe.pop != row.pop) row.rtt_ms = probe.rtt_ms();
        row.pop = probe.pop;
    }
    std::vector<Catchment> result;
    for (const size_t city : prober->cities()) result.push_back(rows[city]);
    return result;
}

std::string catchment_table(const Plan& plan, const std::vector<Catchment>& rows) {
    Table table({"city", "answered by", "round trip", "distance", "nearest PoP"});
    size_t nearest_count = 0;
    for (const Catchment& row : rows) {
        const std::string city = plan.router(row.city).city;
        const std::string nearest = plan.router(row.nearest).name;
        if (!row.pop) {
            table.add({city, "nobody", "-", "-", nearest});
            continue;
        }
        const bool is_nearest = row.nearest == *row.pop;
        nearest_count += is_nearest ? 1 : 0;
        const Router& pop = plan.router(*row.pop);
        table.add({city, pop.name + " (" + pop.city + ")", milliseconds(row.rtt_ms),
                   std::to_string(std::lround(distance_km(plan, row.city, *row.pop))) + " km",
                   is_nearest ? nearest : nearest + " is nearer"});
    }
    return table.text() + "\n" + std::to_string(nearest_count) + " of " +
           std::to_string(rows.size()) + " cities are answered by the PoP nearest to them\n";
}

std::string catchment_json(const Plan& plan, const std::vector<Catchment>& rows) {
    json list = json::array();
    for (const Catchment& row : rows) list.push_back(row_json(plan, row));
    return list.dump(1) + '\n';
}

}  // namespace nearcast::lab
