// SPDX-License-Identifier: Apache-2.0

#include "lab/wire.h"

#include <algorithm>
#include <sstream>

namespace nearcast::lab {

namespace {

// Beyond the numbers of links, of which a lab has some thousands at most.
constexpr uint32_t kManagementWires = 1U << 20;

WireEnd end_of(const Plan& plan, const Link& link, const std::string& router) {
    const Node& node = plan.node(router);
    const auto is_its = [&](const Interface& interface) {
        return &plan.topology.links[interface.link] == &link;
    };
    // A plan gives both ends of each link an interface.
    return {node.net_namespace, std::ranges::find_if(node.interfaces, is_its)->device};
}

Wire wire_of_link(const Plan& plan, const Link& link) {
    return {.number = link.number,
            .a = end_of(plan, link, link.a),
            .b = end_of(plan, link, link.b),
            .quality = {link.delay, link.jitter, link.loss}};
}

}  // namespace

Wire management_wire(const Plan& plan, const Router& pop) {
    const Router& first = *plan.topology.of_kind(RouterKind::Pop).front();
    return {.number = kManagementWires + pop.number,
            .a = {kControlNamespace, "to-" + pop.name},
            .b = {kNamespacePrefix + pop.name, kManagementDevice},
            .quality = {fibre_delay(first.place, pop.place), {}, 0}};
}

std::vector<Wire> wires_of(const Plan& plan) {
    std::vector<Wire> wires;
    for (const Link& link : plan.topology.links) wires.push_back(wire_of_link(plan, link));
    for (const Router* pop : plan.topology.of_kind(RouterKind::Pop)) {
        wires.push_back(management_wire(plan, *pop));
    }
    return wires;
}

std::vector<Wire> wires_of_router(const Plan& plan, size_t router) {
    std::vector<Wire> wires;
    for (const Interface& interface : plan.nodes[router].interfaces) {
        wires.push_back(wire_of_link(plan, plan.topology.links[interface.link]));
    }
    if (plan.router(router).kind == RouterKind::Pop) {
        wires.push_back(management_wire(plan, plan.router(router)));
    }
    return wires;
}

std::string to_words(const Wire& wire) {
    std::ostringstream out;
    out << wire.number << ' ' << wire.a.net_namespace << ' ' << wire.a.device << ' '
        << wire.b.net_namespace << ' ' << wire.b.device << ' ' << wire.quality.delay.count() << ' '
        << wire.quality.jitter.count() << ' ' << wire.quality.loss;
    return out.str();
}

std::optional<Wire> parse_wire(std::string_view words) {
    std::istringstream in{std::string(words)};
    Wire wire;
    int64_t delay = 0;
    int64_t jitter = 0;
    in >> wire.number >> wire.a.net_namespace >> wire.a.device >> wire.b.net_namespace >>
        wire.b.device >> delay >> jitter >> wire.quality.loss;
    if (!in) return std::nullopt;
    wire.quality.delay = Delay(delay);
    wire.quality.jitter = Delay(jitter);
    return wire;
}

}  // namespace nearcast::lab
