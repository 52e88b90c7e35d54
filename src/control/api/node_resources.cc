// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/nodes: the servers of the network, and what they serve.

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/list_page.h"
#include "control/api/reply.h"
#include "control/api/zone_json.h"
#include "control/wall_clock.h"

namespace nearcast::control_api {

using control::Node;
using nlohmann::json;

namespace {

Read<Node> read_node(const json& body) {
    Node node{.name = text_of(body, "name"), .pop = text_of(body, "pop"), .revoked_at = {}};
    if (!control::is_network_name(node.name)) {
        return std::unexpected("name is not of 1 to 63 lower case letters, digits and hyphens");
    }
    const auto pin = tls::parse_pin(text_of(body, "pin"));
    if (!pin) return std::unexpected("pin is not sha256/ and the hash of a key in base64");
    const auto address = base::parse_socket_address(text_of(body, "address"));
    if (!address) return std::unexpected("address is not an IP address with a port");
    node.pin = *pin;
    node.address = *address;
    return node;
}

const char* state_text(const control::Receipts::State& state) {
    if (state.is_silent(control::wall_now())) return "silent";
    const bool is_current = state.serial && state.lag.count() == 0 && state.zones_behind.empty();
    return is_current ? "current" : "behind";
}

const Node* find(const control::Network::Nodes& nodes, const std::string& name) {
    for (const auto& [pin, node] : nodes) {
        if (node.name == name) return &node;
    }
    return nullptr;
}

}  // namespace

json Api::node_json(const Node& node) const {
    json body{{"name", node.name},
              {"pop", node.pop},
              {"pin", tls::to_text(node.pin)},
              {"address", base::to_text(node.address)},
              {"joined_at", time_text(node.joined_at)},
              {"state", "new"},
              {"last_seen", json()},
              {"serial", json()},
              {"sequence", json()},
              {"lag_seconds", json()},
              {"zones_behind", json::array()}};
    const auto heard = partners_.receipts.state(node.id);
    if (!heard) return body;
    body["state"] = state_text(*heard);
    body["last_seen"] = time_text(heard->heard_at);
    if (heard->serial) {
        body["serial"] = *heard->serial;
        body["sequence"] = heard->sequence;
        body["lag_seconds"] = std::chrono::duration<double>(heard->lag).count();
    }
    for (const auto& late : heard->zones_behind) {
        body["zones_behind"].push_back(
            {{"zone", dns::to_text(late.zone)}, {"reason", late.reason}});
    }
    return body;
}

Response Api::list_nodes(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    std::map<std::string, json> by_name;
    const auto nodes = partners_.network.nodes();
    for (const auto& [pin, node] : *nodes) {
        by_name.emplace(node.name, node_json(node));
    }
    json list = json::array();
    for (auto& [name, node] : by_name) list.push_back(std::move(node));
    return page_reply(call.request, std::move(list), "name");
}

Response Api::create_node(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    const auto body = read_body(call.request, {"name", "pop", "pin", "address"});
    if (!body) return body.error();
    auto node = read_node(*body);
    if (!node) return error_reply(422, node.error());
    node->joined_at = control::wall_now();
    const auto added = partners_.network.add_node(*node, call.actor);
    if (!added) return error_reply(added.error());
    Response response = json_reply(201, node_json(*added));
    response.headers.emplace_back("Location", "/api/v1/nodes/" + added->name);
    return response;
}

Response Api::show_node(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    const auto nodes = partners_.network.nodes();
    const Node* const node = find(*nodes, call.names[0]);
    if (node == nullptr) return error_reply(404, "there is no node " + call.names[0]);
    return json_reply(200, node_json(*node));
}

Response Api::revoke_node(const Call& call) {
    if (!call.scope.covers_all()) return forbidden_network();
    const auto revoked = partners_.network.revoke(call.names[0], call.actor, control::wall_now());
    return revoked ? empty_reply() : error_reply(revoked.error());
}

}  // namespace nearcast::control_api
