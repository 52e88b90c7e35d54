// SPDX-License-Identifier: Apache-2.0
//
// What the lab builds: routers in places, and links between them with their business relation.
//
// The shape of the internet in small. Transit networks sell to those below and swap traffic with
// equals; PoPs and client cities buy. BGP then behaves as outside: a route learned from a customer
// goes to everyone, any other only to customers (Gao and Rexford), and a customer's route is
// preferred over a peer's, a peer's over a provider's.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/distance.h"

namespace nearcast::lab {

// Of a router or link that was not given one yet.
inline constexpr uint32_t kNoNumber = UINT32_MAX;

enum class RouterKind : uint8_t {
    Transit,
    Pop,     // Announces the anycast prefixes and runs nearcastd.
    Client,  // A city full of users.
    Server,  // One ordinary name server at one place, to compare with.
};

struct Router {
    std::string name = {};  // Unique; of the namespace: "tokyo" lives in nclab-tokyo.
    RouterKind kind = RouterKind::Transit;
    std::string city = {};  // As people write it: "São Paulo".
    GeoPoint place;
    // Its addresses follow from it, so it stays as it is while others come and go.
    uint32_t number = kNoNumber;
};

enum class Relation : uint8_t {
    Sells,  // `a` is the provider of `b`.
    Peers,
};

struct Link {
    std::string a;
    std::string b;
    Relation relation = Relation::Sells;
    Delay delay{};  // One way.
    Delay jitter{};
    double loss = 0;              // From 0 to 1.
    uint32_t number = kNoNumber;  // As a router's.

    [[nodiscard]] bool joins(std::string_view one, std::string_view other) const {
        return (a == one && b == other) || (a == other && b == one);
    }
};

struct Topology {
    std::chrono::milliseconds bfd_interval{300};
    // Of BGP sessions between networks; RFC 4271 suggests 90 s, which nobody wants to wait for
    // here.
    std::chrono::seconds hold_time{9};
    std::vector<Router> routers;
    std::vector<Link> links;

    // nullptr when there is none of that name.
    [[nodiscard]] const Router* find(std::string_view name) const;
    // The index of a router that is there.
    [[nodiscard]] size_t index_of(std::string_view name) const;
    [[nodiscard]] std::vector<const Router*> of_kind(RouterKind kind) const;

    // A router by its name or its city's, letter case ignored: "sin", "Singapore".
    // The error names what there is.
    [[nodiscard]] base::Result<const Router*> pick(RouterKind kind, std::string_view text) const;
};

// Gives each router and link without a number its place in the list.
void assign_numbers(Topology& topology);
// One that none of them has, after all of them.
[[nodiscard]] uint32_t free_number(const std::vector<Router>& routers);
[[nodiscard]] uint32_t free_number(const std::vector<Link>& links);

// The PoP with the shortest great circle from `from`; nullptr when there is no PoP.
[[nodiscard]] const Router* nearest_pop(const Topology& topology, const Router& from);

// Names unique and short, links between routers that are there, each router joined to another,
// numbers unique, a PoP and a client at least. The first thing that is wrong comes back.
[[nodiscard]] base::Result<void> check(const Topology& topology);

// The longest name that still fits into the name of a network device.
inline constexpr size_t kRouterNameMax = 12;

}  // namespace nearcast::lab
