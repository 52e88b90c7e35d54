// SPDX-License-Identifier: Apache-2.0

#include "lab/topology.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <set>

#include <strings.h>

namespace nearcast::lab {

namespace {

using base::fail;
using base::Result;

bool equal_ignoring_case(const std::string& a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), b.size()) == 0;
}

bool is_name(const std::string& text) {
    const auto is_allowed = [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
    };
    return !text.empty() && text.size() <= kRouterNameMax && text.front() != '-' &&
           std::ranges::all_of(text, is_allowed);
}

// Namespaces of the lab that are no router's.
constexpr std::array<std::string_view, 2> kTakenNames{"relay", "control"};

template <typename Item>
bool has_unique_numbers(const std::vector<Item>& items) {
    std::set<uint32_t> seen;
    return std::ranges::all_of(items, [&](const Item& item) {
        return item.number == kNoNumber || seen.insert(item.number).second;
    });
}

template <typename Item>
void assign_places(std::vector<Item>& items) {
    for (size_t i = 0; i < items.size(); ++i) {
        if (items[i].number == kNoNumber) items[i].number = static_cast<uint32_t>(i);
    }
}

template <typename Item>
uint32_t number_after(const std::vector<Item>& items) {
    uint32_t next = 0;
    for (const Item& item : items) next = std::max(next, item.number + 1);
    return next;
}

Result<void> check_routers(const Topology& topology) {
    std::set<std::string_view> names;
    for (const Router& router : topology.routers) {
        if (!is_name(router.name)) {
            return fail("router name \"" + router.name + "\" cannot be used",
                        "lower-case letters, digits and hyphens, 12 of them at most");
        }
        if (std::ranges::find(kTakenNames, router.name) != kTakenNames.end()) {
            return fail("no router can be named " + router.name, "the lab itself uses that name");
        }
        if (!names.insert(router.name).second) {
            return fail("two routers are named " + router.name, "give each a name of its own");
        }
    }
    if (topology.of_kind(RouterKind::Pop).empty()) return fail("no PoP", "add a [[pop]]");
    if (topology.of_kind(RouterKind::Client).empty()) return fail("no client", "add a [[client]]");
    if (!has_unique_numbers(topology.routers)) return fail("two routers have one number");
    return {};
}

Result<void> check_links(const Topology& topology) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    std::set<std::string_view> joined;
    for (const Link& link : topology.links) {
        for (const std::string& end : {link.a, link.b}) {
            if (topology.find(end) == nullptr) return fail("no router is named " + end);
        }
        if (link.a == link.b) return fail("router " + link.a + " is linked to itself");
        if (!seen.insert(std::minmax<std::string_view>(link.a, link.b)).second) {
            return fail("two links join " + link.a + " and " + link.b, "remove one");
        }
        joined.insert(link.a);
        joined.insert(link.b);
    }
    for (const Router& router : topology.routers) {
        if (!joined.contains(router.name)) {
            return fail("router " + router.name + " has no link", "give it upstreams");
        }
    }
    if (!has_unique_numbers(topology.links)) return fail("two links have one number");
    return {};
}

}  // namespace

const Router* Topology::find(std::string_view name) const {
    const auto found = std::ranges::find(routers, name, &Router::name);
    return found == routers.end() ? nullptr : &*found;
}

size_t Topology::index_of(std::string_view name) const {
    const Router* router = find(name);
    assert(router != nullptr);
    return static_cast<size_t>(router - routers.data());
}

std::vector<const Router*> Topology::of_kind(RouterKind kind) const {
    std::vector<const Router*> found;
    for (const Router& router : routers) {
        if (router.kind == kind) found.push_back(&router);
    }
    return found;
}

Result<const Router*> Topology::pick(RouterKind kind, std::string_view text) const {
    std::string there;
    for (const Router* router : of_kind(kind)) {
        if (equal_ignoring_case(router->name, text) || equal_ignoring_case(router->city, text))
            return router;
        there += (there.empty() ? "" : ", ") + router->name;
    }
    const std::string what = kind == RouterKind::Pop ? "PoP" : "client city";
    return fail("the lab has no " + what + " \"" + std::string(text) + "\"", "one of: " + there);
}

void assign_numbers(Topology& topology) {
    assign_places(topology.routers);
    assign_places(topology.links);
}

uint32_t free_number(const std::vector<Router>& routers) { return number_after(routers); }
uint32_t free_number(const std::vector<Link>& links) { return number_after(links); }

const Router* nearest_pop(const Topology& topology, const Router& from) {
    const Router* nearest = nullptr;
    double shortest = std::numeric_limits<double>::max();
    for (const Router* pop : topology.of_kind(RouterKind::Pop)) {
        const double distance = great_circle_km(from.place, pop->place);
        if (distance < shortest) {
            shortest = distance;
            nearest = pop;
        }
    }
    return nearest;
}

Result<void> check(const Topology& topology) {
    if (auto done = check_routers(topology); !done) return done;
    return check_links(topology);
}

}  // namespace nearcast::lab
