// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/join: a server shows its token and the public part of a key that it made, and is told who
// it is from now on and what a node must know.

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/wall_clock.h"
#include "dns/encoding.h"

namespace nearcast::control_api {

using control::NetworkSettings;
using nlohmann::json;

namespace {

template <typename Item>
json texts_of(const std::vector<Item>& items) {
    json list = json::array();
    for (const Item& item : items) list.push_back(base::to_text(item));
    return list;
}

json key_json(const transfer::TsigKey& key) {
    std::string secret;
    dns::append_base64(key.secret, secret);
    return {{"name", dns::to_text(key.name)},
            {"algorithm", "hmac-sha256"},
            {"secret", std::move(secret)}};
}

json routing_json(const NetworkSettings& settings, const control::Pop& pop) {
    json routing{{"daemon", settings.daemon},
                 {"asn", pop.asn != 0 ? pop.asn : settings.asn},
                 {"neighbors", json::parse(pop.neighbors)}};
    if (!settings.import_policy.empty()) routing["import"] = settings.import_policy;
    if (settings.bfd_interval.count() > 0) {
        routing["bfd_interval"] = std::to_string(settings.bfd_interval.count()) + "ms";
    }
    return routing;
}

json identity_json(const NetworkSettings& settings, const control::Pop& pop) {
    return {{"pop", pop.name},
            {"catalog", dns::to_text(settings.catalog)},
            {"primaries", texts_of(settings.primaries)},
            {"server_name", settings.server_name},
            {"key", key_json(settings.key)},
            {"prefixes", texts_of(settings.prefixes)},
            {"covering", texts_of(settings.covering)},
            {"addresses", texts_of(settings.addresses)},
            {"routing", routing_json(settings, pop)}};
}

}  // namespace

// Asked before the token is used up, so that a server which cannot become a node leaves it good.
Response Api::check_invitation(const Call& call) {
    if (partners_.joining == nullptr) return error_reply(404, "Not Found");
    const auto body = read_body(call.request, {"token"});
    if (!body) return body.error();
    const auto invitation =
        partners_.network.find_invitation(text_of(*body, "token"), control::wall_now());
    if (!invitation) return error_reply(invitation.error());
    return json_reply(200, {{"node", invitation->node},
                            {"pop", invitation->pop},
                            {"daemon", partners_.joining->settings.daemon},
                            {"primaries", texts_of(partners_.joining->settings.primaries)}});
}

Response Api::join_network(const Call& call) {
    if (partners_.joining == nullptr) return error_reply(404, "Not Found");
    const auto body = read_body(call.request);
    if (!body) return body.error();
    const auto now = control::wall_now();
    const auto invitation = partners_.network.find_invitation(text_of(*body, "token"), now);
    if (!invitation) return error_reply(invitation.error());
    const auto address = base::parse_socket_address(text_of(*body, "address"));
    if (!address) return error_reply(422, "address is not an IP address with a port");
    const auto pop = partners_.network.pop(invitation->pop);
    if (!pop) return error_reply(pop.error());
    const auto issued = partners_.joining->authority.issue(
        text_of(*body, "public_key"), {control::certificate_name_of_node(invitation->node)});
    if (!issued) return error_reply(422, issued.error().message);
    const auto node = partners_.network.join(*invitation, issued->pin, *address,
                                             {"join:" + invitation->node, call.request.peer}, now);
    if (!node) return error_reply(node.error());
    json answer = identity_json(partners_.joining->settings, *pop);
    answer["node"] = node->name;
    answer["certificate"] = issued->certificate;
    answer["authority"] = partners_.joining->authority.certificate();
    return json_reply(201, answer);
}

}  // namespace nearcast::control_api
