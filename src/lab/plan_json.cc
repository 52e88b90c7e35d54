// SPDX-License-Identifier: Apache-2.0

#include "lab/plan_json.h"

#include "lab/wire.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

namespace {

using nlohmann::json;

json router_json(const Plan& plan, size_t index) {
    const Router& router = plan.router(index);
    const Node& node = plan.nodes[index];
    json interfaces = json::array();
    for (const Interface& interface : node.interfaces) {
        interfaces.push_back({{"device", interface.device},
                              {"neighbor", plan.router(interface.neighbor).name},
                              {"link", plan.topology.links[interface.link].number},
                              {"addresses", {to_text(interface.v4), to_text(interface.v6)}}});
    }
    json addresses = json::array();
    for (const Network& network : node.networks) addresses.push_back(to_text(network.address));
    json told{{"name", router.name},
              {"kind", to_text(router.kind)},
              {"city", router.city},
              {"latitude", router.place.latitude},
              {"longitude", router.place.longitude},
              {"namespace", node.net_namespace},
              {"asn", node.asn},
              {"router_id", to_text(node.router_id)},
              {"addresses", addresses},
              {"interfaces", interfaces}};
    if (router.kind == RouterKind::Pop) {
        told["management"] = to_text(node.management);
        told["management_wire"] = management_wire(plan, router).number;
    }
    return told;
}

}  // namespace

std::string_view to_text(RouterKind kind) {
    switch (kind) {
        case RouterKind::Transit:
            return "transit";
        case RouterKind::Pop:
            return "pop";
        case RouterKind::Client:
            return "client";
        case RouterKind::Server:
            return "server";
    }
    return "";
}

std::string plan_json(const Plan& plan) {
    json routers = json::array();
    for (size_t i = 0; i < plan.nodes.size(); ++i) routers.push_back(router_json(plan, i));
    json links = json::array();
    for (const Link& link : plan.topology.links) {
        links.push_back({{"a", link.a},
                         {"b", link.b},
                         {"relation", link.relation == Relation::Sells ? "a sells to b" : "peers"},
                         {"delay_ms", static_cast<double>(link.delay.count()) / 1000}});
    }
    json service = json::array();
    for (const Network& network : plan.service) service.push_back(to_text(network.address));
    return json({{"service", service}, {"routers", routers}, {"links", links}}).dump(1) + '\n';
}

}  // namespace nearcast::lab
