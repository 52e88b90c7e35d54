// SPDX-License-Identifier: Apache-2.0

#include "lab/status.h"

#include "lab/lab_state.h"
#include "lab/plan_json.h"
#include "lab/table.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

std::vector<PopState> inspect_pops(const Plan& plan) {
    std::vector<PopState> states;
    for (const Router* pop : plan.topology.of_kind(RouterKind::Pop)) {
        states.push_back(inspect_pop(plan, plan.topology.index_of(pop->name)));
    }
    return states;
}

std::string status_text(const Plan& plan, const std::vector<PopState>& states) {
    Table table({"PoP", "city", "state", "nearcastd", "announced to"});
    for (const PopState& state : states) {
        const Router& pop = plan.router(state.pop);
        std::string neighbors = std::to_string(state.announced_to) + " of " +
                                std::to_string(state.neighbors) + " neighbours";
        if (state.as_last_resort > 0) neighbors += ", as their last resort";
        table.add({pop.name, pop.city, std::string(state.word()),
                   std::to_string(state.processes) + " processes", neighbors});
    }
    return std::to_string(plan.nodes.size()) + " routers, " +
           std::to_string(plan.topology.links.size()) + " links; everything lies in " +
           paths::kRoot + "\n\n" + table.text();
}

std::string status_json(const Plan& plan, const std::vector<PopState>& states) {
    nlohmann::json pops = nlohmann::json::array();
    for (const PopState& state : states) {
        pops.push_back({{"pop", plan.router(state.pop).name},
                        {"city", plan.router(state.pop).city},
                        {"state", state.word()},
                        {"processes", state.processes},
                        {"frozen", state.is_frozen},
                        {"cut", state.is_cut},
                        {"drained", state.is_drained},
                        {"neighbors", state.neighbors},
                        {"announced_to", state.announced_to},
                        {"last_resort_of", state.as_last_resort}});
    }
    return nlohmann::json({{"up", true},
                           {"routers", plan.nodes.size()},
                           {"links", plan.topology.links.size()},
                           {"directory", paths::kRoot},
                           {"pops", pops}})
               .dump(1) +
           '\n';
}

}  // namespace nearcast::lab
