// SPDX-License-Identifier: Apache-2.0

#include "lab/grown_topology.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "lab/cities.h"

namespace nearcast::lab {

namespace {

using base::Result;
using Cities = std::vector<const City*>;

// Two PoPs nearer than this serve the same users; the smallest distance that still leaves room for
// a hundred of them.
constexpr double kPopDistanceKm = 500;
constexpr size_t kCarriersOfAContinent = 2;
constexpr size_t kUpstreams = 2;

class Grower {
 public:
    Grower(size_t pops, uint32_t seed) : pop_count_(pops), random_(seed) {}

    Topology grow() {
        choose_pops();
        choose_regional_networks();
        add_carriers();
        add_regional_networks();
        for (const City* city : pops_) add_edge("p-", *city, RouterKind::Pop, regional_);
        add_clients();
        add_unicast_server();
        return std::move(topology_);
    }

 private:
    // Names of routers are short: "p-" and the beginning of the city's.
    std::string name_of(const std::string& kind, const City& city) {
        const std::string full = kind + std::string(city.id);
        std::string name = full.substr(0, kRouterNameMax);
        for (int n = 2; !names_.insert(name).second; ++n) {
            const std::string number = std::to_string(n);
            name = full.substr(0, kRouterNameMax - number.size()) + number;
        }
        return name;
    }

    Router& add_router(const std::string& kind, const City& city, RouterKind router_kind) {
        topology_.routers.push_back({.name = name_of(kind, city),
                                     .kind = router_kind,
                                     .city = std::string(city.name),
                                     .place = city.place});
        return topology_.routers.back();
    }

    void join(const std::string& a, const std::string& b, Relation relation) {
        const auto is_there = [&](const Link& link) { return link.joins(a, b); };
        if (a == b || std::ranges::any_of(topology_.links, is_there)) return;
        const Delay delay = fibre_delay(topology_.find(a)->place, topology_.find(b)->place);
        topology_.links.push_back({.a = a, .b = b, .relation = relation, .delay = delay});
    }

    // Seats by population: each continent one, the rest to whoever has most people for a seat.
    std::map<std::string_view, size_t> share_out(size_t seats) {
        std::map<std::string_view, double> people;
        for (const City& city : known_cities()) {
            people[city.continent] += static_cast<double>(city.population);
        }
        std::map<std::string_view, size_t> shares;
        for (size_t i = 0; i < seats; ++i) {
            std::string_view neediest;
            double most = -1;
            for (const auto& [continent, count] : people) {
                const double need = count / static_cast<double>(shares[continent] * 2 + 1);
                const bool is_first = i < people.size() && shares[continent] == 0;
                if (need + (is_first ? 1e12 : 0) > most) {
                    most = need + (is_first ? 1e12 : 0);
                    neediest = continent;
                }
            }
            ++shares[neediest];
        }
        return shares;
    }

    // The largest cities of each continent that keep their distance.
    Cities choose(size_t count, double distance_km) {
        auto shares = share_out(count);
        Cities chosen;
        for (const City& city : known_cities()) {
            const auto is_near = [&](const City* other) {
                return great_circle_km(city.place, other->place) < distance_km;
            };
            if (shares[city.continent] == 0 || std::ranges::any_of(chosen, is_near)) continue;
            --shares[city.continent];
            chosen.push_back(&city);
        }
        return chosen;
    }

    void choose_pops() {
        for (double distance = kPopDistanceKm; pops_.size() < pop_count_; distance /= 2) {
            pops_ = choose(pop_count_, distance);
        }
    }

    void choose_regional_networks() {
        regional_cities_ = choose(std::max<size_t>(6, pop_count_ * 3 / 5), kPopDistanceKm * 2 / 3);
    }

    void add_carriers() {
        std::map<std::string_view, size_t> have;
        for (const City* city : regional_cities_) {
            const size_t wanted = pop_count_ < 12 ? 1 : kCarriersOfAContinent;
            if (have[city->continent]++ >= wanted) continue;
            const std::string name = add_router("c-", *city, RouterKind::Transit).name;
            for (const std::string& other : carriers_) join(name, other, Relation::Peers);
            carriers_.push_back(name);
        }
    }

    void add_regional_networks() {
        for (const City* city : regional_cities_) {
            const std::string name = add_router("t-", *city, RouterKind::Transit).name;
            for (const std::string& carrier : nearest(*city, carriers_, kUpstreams)) {
                join(carrier, name, Relation::Sells);
            }
            for (const std::string& other : nearest(*city, regional_, kUpstreams)) {
                join(name, other, Relation::Peers);
            }
            regional_.push_back(name);
        }
    }

    void add_edge(const std::string& kind, const City& city, RouterKind router_kind,
                  const std::vector<std::string>& providers) {
        const std::string name = add_router(kind, city, router_kind).name;
        for (const std::string& provider : nearest(city, providers, kUpstreams)) {
            join(provider, name, Relation::Sells);
        }
    }

    // By population: a city of ten million is drawn ten times as often as one of a million.
    void add_clients() {
        const auto cities = known_cities();
        std::vector<double> weights;
        for (const City& city : cities) weights.push_back(static_cast<double>(city.population));
        const size_t count = pop_count_ + 10;
        for (size_t i = 0; i < count; ++i) {
            // std::discrete_distribution differs between libraries; this does not.
            double sum = 0;
            for (const double weight : weights) sum += weight;
            double drawn =
                sum * static_cast<double>(random_()) / static_cast<double>(random_.max());
            size_t index = 0;
            while (index + 1 < weights.size() && (drawn -= weights[index]) > 0) ++index;
            while (weights[index] == 0) index = (index + 1) % weights.size();
            weights[index] = 0;
            add_edge("", cities[index], RouterKind::Client, regional_);
        }
    }

    void add_unicast_server() {
        const City* place = find_city("frankfurt");
        topology_.routers.push_back({.name = "unicast",
                                     .kind = RouterKind::Server,
                                     .city = std::string(place->name),
                                     .place = place->place});
        for (const std::string& provider : nearest(*place, regional_, kUpstreams)) {
            join(provider, "unicast", Relation::Sells);
        }
    }

    std::vector<std::string> nearest(const City& city, std::vector<std::string> of, size_t count) {
        const auto distance = [&](const std::string& name) {
            return great_circle_km(city.place, topology_.find(name)->place);
        };
        std::ranges::stable_sort(of, {}, distance);
        of.resize(std::min(of.size(), count));
        return of;
    }

    size_t pop_count_;
    std::mt19937 random_;
    Topology topology_;
    std::set<std::string> names_;
    Cities pops_;
    Cities regional_cities_;
    std::vector<std::string> carriers_;
    std::vector<std::string> regional_;
};

}  // namespace

Result<Topology> grow_topology(size_t pops, uint32_t seed) {
    if (pops < 2 || pops > kPopsMax) {
        return base::fail("a lab has from 2 to " + std::to_string(kPopsMax) + " PoPs", "--pops 50");
    }
    Topology topology = Grower(pops, seed).grow();
    if (auto done = check(topology); !done) return std::unexpected(done.error());
    return topology;
}

}  // namespace nearcast::lab
