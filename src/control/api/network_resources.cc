// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/pops: the places of the network, and tokens for servers that are to stand there.

#include <algorithm>
#include <array>
#include <set>

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/list_page.h"
#include "control/api/reply.h"
#include "control/api/zone_json.h"
#include "control/wall_clock.h"

namespace nearcast::control_api {

using control::Network;
using control::Pop;
using nlohmann::json;

namespace {

constexpr size_t kCitySizeMax = 100;
// Sessions of one place; the largest exchanges have route servers for more.
constexpr size_t kNeighborsMax = 64;
constexpr size_t kPasswordSizeMax = 80;  // RFC 2385 §4.5.
constexpr uint64_t kTokenLifeUsual = 3600;

bool is_asn(const json& value) {
    return value.is_number_unsigned() && value.get<uint64_t>() > 0 &&
           value.get<uint64_t>() <= UINT32_MAX;
}

bool is_role(const std::string& text) {
    constexpr std::array<std::string_view, 6> kRoles{"",     "none",     "customer",
                                                     "peer", "provider", "rs-client"};
    return std::ranges::find(kRoles, text) != kRoles.end();
}

bool is_password(const std::string& text) {
    return text.size() <= kPasswordSizeMax && std::ranges::all_of(text, [](char c) {
               return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '\'';
           });
}

// What is known of a neighbour, and nothing else: it becomes part of a configuration.
Read<json> read_neighbor(const json& item) {
    if (!item.is_object() || !control::is_network_name(text_of(item, "name"))) {
        return std::unexpected("a neighbor has no name of lower case letters, digits and hyphens");
    }
    const std::string name = text_of(item, "name");
    if (!base::parse_ip_address(text_of(item, "address"))) {
        return std::unexpected("neighbor " + name + ": address is not an IP address");
    }
    if (!item.contains("asn") || !is_asn(item["asn"])) {
        return std::unexpected("neighbor " + name + ": asn is not a number from 1 to 4294967295");
    }
    if (!is_role(text_of(item, "role"))) {
        return std::unexpected("neighbor " + name +
                               ": role is none of none, customer, peer, provider and rs-client");
    }
    if (!is_password(text_of(item, "password"))) {
        return std::unexpected("neighbor " + name +
                               ": password is longer than 80 bytes, or has spaces or quotes");
    }
    json neighbor{{"name", name}, {"address", text_of(item, "address")}, {"asn", item["asn"]}};
    for (const char* text : {"role", "password"}) {
        if (!text_of(item, text).empty()) neighbor[text] = text_of(item, text);
    }
    for (const char* flag : {"multihop", "bfd"}) {
        if (item.contains(flag) && item[flag].is_boolean()) neighbor[flag] = item[flag];
    }
    return neighbor;
}

Read<Pop> read_pop(const json& body) {
    Pop pop{.name = text_of(body, "name"), .city = text_of(body, "city")};
    if (!control::is_network_name(pop.name)) {
        return std::unexpected("name is not of 1 to 63 lower case letters, digits and hyphens");
    }
    if (pop.city.size() > kCitySizeMax) return std::unexpected("city is longer than 100 bytes");
    if (body.contains("asn") && !body["asn"].is_null()) {
        if (!is_asn(body["asn"])) {
            return std::unexpected("asn is not a number from 1 to 4294967295");
        }
        pop.asn = body["asn"].get<uint32_t>();
    }
    json neighbors = json::array();
    const json given = body.value("neighbors", json::array());
    if (!given.is_array() || given.size() > kNeighborsMax) {
        return std::unexpected("neighbors is not an array of 64 items at most");
    }
    for (const json& item : given) {
        auto neighbor = read_neighbor(item);
        if (!neighbor) return std::unexpected(neighbor.error());
        neighbors.push_back(*std::move(neighbor));
    }
    pop.neighbors = neighbors.dump();
    return pop;
}

// A password is told to the node that needs it, and to nobody else.
json without_passwords(json neighbors) {
    for (json& neighbor : neighbors) neighbor.erase("password");
    return neighbors;
}

Read<Api::WantedToken> read_token(const json& body) {
    Api::WantedToken wanted{.node = text_of(body, "node")};
    if (!wanted.node.empty() && !control::is_network_name(wanted.node)) {
        return std::unexpected("node is not of 1 to 63 lower case letters, digits and hyphens");
    }
    constexpr auto kLifeMax = std::chrono::seconds(Network::kTokenLifeMax);
    const json life = body.value("expires_in", json(kTokenLifeUsual));
    if (!life.is_number_unsigned() || life.get<uint64_t>() == 0 ||
        life.get<uint64_t>() > static_cast<uint64_t>(kLifeMax.count())) {
        return std::unexpected("expires_in is not a number of seconds up to 604800");
    }
    wanted.life = std::chrono::seconds(life.get<uint64_t>());
    return wanted;
}

json to_json(const Pop& pop, const Network::Nodes& nodes) {
    std::set<std::string> names;
    for (const auto& [pin, node] : nodes) {
        if (node.pop_id == pop.id) names.insert(node.name);
    }
    return {{"name", pop.name},
            {"city", pop.city},
            {"asn", pop.asn == 0 ? json() : json(pop.asn)},
            {"neighbors", without_passwords(json::parse(pop.neighbors))},
            {"nodes", names},
            {"created_at", time_text(pop.created_at)}};
}

}  // namespace

// What of a token is told to who made it.
std::expected<json, Response> Api::invite(const Call& call, const std::string& pop,
                                          const WantedToken& wanted) {
    const control::NetworkSettings& settings = partners_.joining->settings;
    if (settings.prefixes.empty()) {
        return std::unexpected(error_reply(
            409,
            "no server can join: prefixes in [network] of control.toml is empty, and a node "
            "would have nothing to announce"));
    }
    const auto made =
        partners_.network.invite(pop, wanted.node, wanted.life, call.actor, control::wall_now());
    if (!made) return std::unexpected(error_reply(made.error()));
    std::string command = "nearcast node join " + settings.url + ' ' + made->token;
    if (!settings.pin.empty()) command += " --pin " + settings.pin;
    return json{{"node", made->invitation.node},
                {"pop", pop},
                {"token", made->token},
                {"expires_at", time_text(made->invitation.expires_at)},
                {"command", std::move(command)}};
}

Response Api::list_pops(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    const auto pops = partners_.network.pops();
    if (!pops) return error_reply(pops.error());
    const auto nodes = partners_.network.nodes();
    json list = json::array();
    for (const Pop& pop : *pops) list.push_back(to_json(pop, *nodes));
    return page_reply(call.request, std::move(list), "name");
}

Response Api::create_pop(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    const auto body = read_body(call.request, {"name", "city", "node"});
    if (!body) return body.error();
    auto pop = read_pop(*body);
    if (!pop) return error_reply(422, pop.error());
    const auto wanted = read_token(*body);
    if (!wanted) return error_reply(422, wanted.error());
    pop->created_at = control::wall_now();
    if (const auto added = partners_.network.add_pop(*pop, call.actor); !added) {
        return error_reply(added.error());
    }
    json answer = to_json(*pop, {});
    // Without a section [network] it is a place all the same, for nodes with other certificates.
    if (partners_.joining != nullptr) {
        auto invitation = invite(call, pop->name, *wanted);
        if (!invitation) {
            // What is answered with an error is not there.
            (void)partners_.network.remove_pop(pop->name, call.actor, control::wall_now());
            return invitation.error();
        }
        answer["join"] = *std::move(invitation);
    }
    Response response = json_reply(201, answer);
    response.headers.emplace_back("Location", "/api/v1/pops/" + pop->name);
    return response;
}

Response Api::show_pop(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    const auto pop = partners_.network.pop(call.names[0]);
    if (!pop) return error_reply(pop.error());
    return json_reply(200, to_json(*pop, *partners_.network.nodes()));
}

Response Api::remove_pop(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    const auto removed =
        partners_.network.remove_pop(call.names[0], call.actor, control::wall_now());
    return removed ? empty_reply() : error_reply(removed.error());
}

Response Api::create_token(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    if (partners_.joining == nullptr) {
        return error_reply(409, "no server can join: control.toml has no section [network]");
    }
    const auto body = read_body(call.request, {"node"});
    if (!body) return body.error();
    const auto wanted = read_token(*body);
    if (!wanted) return error_reply(422, wanted.error());
    const auto invitation = invite(call, call.names[0], *wanted);
    return invitation ? json_reply(201, *invitation) : invitation.error();
}

}  // namespace nearcast::control_api
