// SPDX-License-Identifier: Apache-2.0

#include "lab/topology_file.h"

#include <array>
#include <cassert>
#include <sstream>

#include "base/config_file.h"
#include "lab/cities.h"
#include "lab/embedded.h"
#include "lab/files.h"

namespace nearcast::lab {

namespace {

using base::ConfigFile;
using base::ConfigTable;
using base::fail;
using base::Result;

struct Section {
    std::string_view key;
    RouterKind kind;
};
constexpr std::array<Section, 4> kSections{{{"transit", RouterKind::Transit},
                                            {"pop", RouterKind::Pop},
                                            {"client", RouterKind::Client},
                                            {"server", RouterKind::Server}}};

// The addresses of links have room for so many.
constexpr uint64_t kNumberMax = 65535;

void read_place(ConfigTable& table, Router& router) {
    if (table.has("latitude") || table.has("longitude")) {
        table.require("latitude", "latitude = 35.69");
        table.require("longitude", "longitude = 139.69");
        table.read("latitude", router.place.latitude, "35.69");
        table.read("longitude", router.place.longitude, "139.69");
        table.read("city", router.city, "\"Tokyo\"");
        if (router.city.empty()) router.city = router.name;
        return;
    }
    std::string text = router.name;
    table.read("city", text, "\"tokyo\"");
    const City* city = find_city(text);
    if (city == nullptr) {
        table.refuse("city", "city \"" + text + "\" is not in the list of cities",
                     "city = \"" + std::string(nearest_spelling(text)) +
                         "\", or give latitude and longitude");
        return;
    }
    router.city = city->name;
    router.place = city->place;
}

// Written by the lab when something was added or taken away.
void read_number(ConfigTable& table, uint32_t& number) {
    if (!table.has("number")) return;
    uint64_t value = 0;
    table.read_number("number", value, {0, kNumberMax}, "17");
    number = static_cast<uint32_t>(value);
}

void read_router(ConfigTable& table, RouterKind kind, Topology& topology) {
    Router router;
    router.kind = kind;
    table.require("name", "name = \"sin\"");
    table.read("name", router.name, "\"sin\"");
    read_place(table, router);
    read_number(table, router.number);
    std::vector<std::string> providers;
    std::vector<std::string> peers;
    table.read("upstreams", providers, "[\"t2-tokyo\", \"t1-asia\"]");
    if (kind == RouterKind::Transit) table.read("peers", peers, "[\"t2-sydney\"]");
    for (const std::string& provider : providers) {
        topology.links.push_back({.a = provider, .b = router.name});
    }
    for (const std::string& peer : peers) {
        topology.links.push_back({.a = router.name, .b = peer, .relation = Relation::Peers});
    }
    topology.routers.push_back(std::move(router));
}

void derive_delays(Topology& topology) {
    for (Link& link : topology.links) {
        const Router* a = topology.find(link.a);
        const Router* b = topology.find(link.b);
        if (a != nullptr && b != nullptr) link.delay = fibre_delay(a->place, b->place);
    }
}

void read_delay(ConfigTable& table, std::string_view key, Delay& delay) {
    double milliseconds = static_cast<double>(delay.count()) / 1000;
    table.read(key, milliseconds, "12.5");
    if (milliseconds < 0 || milliseconds > 1000) {
        table.refuse(key, "it is not from 0 to 1000", std::string(key) + " = 12.5");
    }
    delay = Delay(static_cast<int64_t>(milliseconds * 1000 + 0.5));
}

void read_link(ConfigTable& table, Topology& topology) {
    std::vector<std::string> ends;
    table.require("between", "between = [\"sin\", \"t1-asia\"]");
    table.read("between", ends, "[\"sin\", \"t1-asia\"]");
    for (Link& link : topology.links) {
        if (ends.size() != 2 || !link.joins(ends[0], ends[1])) continue;
        read_delay(table, "delay_ms", link.delay);
        read_delay(table, "jitter_ms", link.jitter);
        table.read("loss", link.loss, "0.01");
        read_number(table, link.number);
        if (link.loss < 0 || link.loss > 1) {
            table.refuse("loss", "it is not from 0 to 1", "loss = 0.01, one packet of a hundred");
        }
        return;
    }
    table.refuse("between", "no such link",
                 "name two routers of which one is the other's upstream");
}

std::string_view section_of(RouterKind kind) {
    for (const Section& section : kSections) {
        if (section.kind == kind) return section.key;
    }
    return {};
}

void write_list(std::ostream& out, std::string_view key, const std::vector<std::string>& names) {
    if (names.empty()) return;
    out << key << " = [";
    for (size_t i = 0; i < names.size(); ++i) out << (i == 0 ? "" : ", ") << '"' << names[i] << '"';
    out << "]\n";
}

// The place that a reader of the file would give it goes without saying.
void write_number(std::ostream& out, uint32_t number, size_t place) {
    if (number != kNoNumber && number != place) out << "number = " << number << '\n';
}

void write_router(std::ostream& out, const Topology& topology, const Router& router, size_t place) {
    out << "\n[[" << section_of(router.kind) << "]]\nname = \"" << router.name << "\"\ncity = \""
        << router.city << "\"\nlatitude = " << router.place.latitude
        << "\nlongitude = " << router.place.longitude << '\n';
    write_number(out, router.number, place);
    std::vector<std::string> providers;
    std::vector<std::string> peers;
    for (const Link& link : topology.links) {
        if (link.relation == Relation::Sells && link.b == router.name) providers.push_back(link.a);
        if (link.relation == Relation::Peers && link.a == router.name) peers.push_back(link.b);
    }
    write_list(out, "upstreams", providers);
    write_list(out, "peers", peers);
}

// As a reader of the file comes upon them.
std::vector<const Router*> in_order_of_sections(const Topology& topology) {
    std::vector<const Router*> routers;
    for (const Section& section : kSections) {
        for (const Router* router : topology.of_kind(section.kind)) routers.push_back(router);
    }
    return routers;
}

std::vector<const Link*> in_order_of(const std::vector<const Router*>& routers,
                                     const Topology& topology) {
    std::vector<const Link*> links;
    for (const Router* router : routers) {
        for (const Link& link : topology.links) {
            if (link.relation == Relation::Sells && link.b == router->name) links.push_back(&link);
        }
        for (const Link& link : topology.links) {
            if (link.relation == Relation::Peers && link.a == router->name) links.push_back(&link);
        }
    }
    return links;
}

void write_link(std::ostream& out, const Link& link, size_t place) {
    out << "\n[[link]]\nbetween = [\"" << link.a << "\", \"" << link.b
        << "\"]\ndelay_ms = " << static_cast<double>(link.delay.count()) / 1000
        << "\njitter_ms = " << static_cast<double>(link.jitter.count()) / 1000
        << "\nloss = " << link.loss << '\n';
    write_number(out, link.number, place);
}

}  // namespace

Result<Topology> parse_topology(std::string_view text, const std::string& path) {
    auto file = ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    Topology topology;
    ConfigTable root = file->root();
    ConfigTable lab = root.table("lab");
    lab.read("bfd_interval", topology.bfd_interval, "\"300ms\"");
    std::chrono::milliseconds hold_time = topology.hold_time;
    lab.read("hold_time", hold_time, "\"9s\"");
    topology.hold_time = std::chrono::ceil<std::chrono::seconds>(hold_time);
    for (const Section& section : kSections) {
        for (ConfigTable& table : root.tables(section.key)) {
            read_router(table, section.kind, topology);
        }
    }
    derive_delays(topology);
    for (ConfigTable& table : root.tables("link")) read_link(table, topology);
    if (auto done = file->finish(); !done) return std::unexpected(done.error());
    assign_numbers(topology);
    if (auto done = check(topology); !done) return base::within(path, done.error());
    return topology;
}

Result<Topology> read_topology(const std::string& path) {
    auto text = read_text(path);
    if (!text) return std::unexpected(text.error());
    return parse_topology(*text, path);
}

Topology default_topology() {
    auto topology = parse_topology(kDefaultTopologyToml, "default.toml");
    assert(topology.has_value());
    return *std::move(topology);
}

std::string to_toml(const Topology& topology) {
    std::ostringstream out;
    out << "[lab]\nbfd_interval = \"" << topology.bfd_interval.count() << "ms\"\nhold_time = \""
        << topology.hold_time.count() << "s\"\n";
    const auto routers = in_order_of_sections(topology);
    for (size_t i = 0; i < routers.size(); ++i) write_router(out, topology, *routers[i], i);
    const auto links = in_order_of(routers, topology);
    for (size_t i = 0; i < links.size(); ++i) write_link(out, *links[i], i);
    return out.str();
}

}  // namespace nearcast::lab
