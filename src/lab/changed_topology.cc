// SPDX-License-Identifier: Apache-2.0

#include "lab/changed_topology.h"

#include <algorithm>
#include <vector>

#include "lab/cities.h"

namespace nearcast::lab {

namespace {

using base::fail;
using base::Result;

constexpr size_t kUpstreams = 2;

bool has_provider(const Topology& topology, const Router& router) {
    return std::ranges::any_of(topology.links, [&](const Link& link) {
        return link.relation == Relation::Sells && link.b == router.name;
    });
}

// Those that buy themselves; where nobody does, those that there are.
std::vector<Router> possible_upstreams(const Topology& topology) {
    std::vector<Router> all;
    std::vector<Router> regional;
    for (const Router* router : topology.of_kind(RouterKind::Transit)) {
        all.push_back(*router);
        if (has_provider(topology, *router)) regional.push_back(*router);
    }
    return regional.empty() ? all : regional;
}

// As short as the names of routers are.
std::string name_for(const Topology& topology, const City& city) {
    const std::string full = "p-" + std::string(city.id);
    std::string name = full.substr(0, kRouterNameMax);
    for (int n = 2; topology.find(name) != nullptr; ++n) {
        const std::string number = std::to_string(n);
        name = full.substr(0, kRouterNameMax - number.size()) + number;
    }
    return name;
}

Result<Topology> checked(Topology topology) {
    if (auto done = check(topology); !done) return std::unexpected(done.error());
    return topology;
}

}  // namespace

Result<Topology> with_pop(Topology topology, const std::string& city_text,
                          const std::string& name) {
    const City* city = find_city(city_text);
    if (city == nullptr) {
        return fail("city \"" + city_text + "\" is not in the list of cities",
                    "do you mean " + std::string(nearest_spelling(city_text)) + '?');
    }
    assign_numbers(topology);
    const Router pop{.name = name.empty() ? name_for(topology, *city) : name,
                     .kind = RouterKind::Pop,
                     .city = std::string(city->name),
                     .place = city->place,
                     .number = free_number(topology.routers)};
    auto upstreams = possible_upstreams(topology);
    std::ranges::stable_sort(upstreams, {}, [&](const Router& router) {
        return great_circle_km(pop.place, router.place);
    });
    upstreams.resize(std::min(upstreams.size(), kUpstreams));
    topology.routers.push_back(pop);
    for (const Router& upstream : upstreams) {
        topology.links.push_back({.a = upstream.name,
                                  .b = pop.name,
                                  .delay = fibre_delay(upstream.place, pop.place),
                                  .number = free_number(topology.links)});
    }
    return checked(std::move(topology));
}

Result<Topology> without_pop(Topology topology, const std::string& name) {
    assign_numbers(topology);
    std::erase_if(topology.routers, [&](const Router& router) {
        return router.kind == RouterKind::Pop && router.name == name;
    });
    std::erase_if(topology.links,
                  [&](const Link& link) { return link.a == name || link.b == name; });
    return checked(std::move(topology));
}

}  // namespace nearcast::lab
