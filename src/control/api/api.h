// SPDX-License-Identifier: Apache-2.0
//
// The API: from the head of a request to its response.
//
//   /api/v1/servers/localhost/...   zones, as clients of PowerDNS expect them
//   /api/v1/changes/...             their history: diffs, reverts
//   /api/v1/signing/...             how zones are signed, and with which keys
//   /api/v1/transfers/...           how zones come from their primaries
//   /api/v1/keys/..., tsigkeys/...  who may do what
//   /api/v1/pops, nodes, join       the servers of the network, and how one becomes one
//   /api/v1/openapi.json            all of it, for programs
//   /nic/update                     addresses that change (DynDNS2)
//
// Any thread. docs/reference/api.md describes every resource.

#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/accounts.h"
#include "control/api/http_message.h"
#include "control/api/openapi.h"
#include "control/api/receipts_json.h"
#include "control/api_keys.h"
#include "control/change_log.h"
#include "control/incoming_zones.h"
#include "control/kept_answers.h"
#include "control/network.h"
#include "control/network_settings.h"
#include "control/publisher.h"
#include "control/quotas.h"
#include "control/receipts.h"
#include "control/refusals.h"
#include "control/tsig_keys.h"
#include "tls/authority.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// What servers join.
struct Joining {
    control::NetworkSettings settings;
    tls::Authority authority;
};

// What the API uses; all of it outlives the API.
struct Partners {
    control::ChangeLog& changes;
    control::ApiKeys& keys;
    control::TsigKeys& tsig_keys;
    control::Database& database;  // For the audit log.
    control::Accounts& accounts;
    control::KeptAnswers& answers;
    const control::Quotas& quotas;
    control::Network& network;
    control::Publisher& publisher;
    control::IncomingZones& incoming;
    control::Receipts& receipts;
    const Joining* joining = nullptr;  // Null: there is no section [network].
    // The serial that is served of the zone; what was edited when nothing is.
    std::function<uint32_t(const control::Zone&)> published_serial;
    // Tells the secondaries once more.
    std::function<void(const dns::Name&)> notify;
    std::string version;
};

class Api {
 public:
    explicit Api(Partners partners) : partners_(std::move(partners)) {}

    // Finds once what a request asks for and who asks, before its body: the answer goes by that.
    [[nodiscard]] Admission admit(const Request& head);

    struct WantedToken {
        std::string node = {};  // Empty: the first free name.
        std::chrono::seconds life{};
    };

 private:
    // A request on its way, with who asks and what the path names.
    struct Call {
        const Request& request;
        control::Actor actor;
        const control::KeyScope& scope;
        std::vector<std::string> names;               // Of the path, where its pattern has a ':'.
        int64_t key_id = 0;                           // 0: without a key.
        control::Right right = control::Right::Read;  // What the resource needs.
    };
    using Handler = Response (Api::*)(const Call&);
    // What becomes of a request that comes a second time under its Idempotency-Key.
    enum class Repeated : bool {
        LeftToHandler,  // The change log knows it, or there is nothing to be done twice.
        ToldAgain,      // The first answer is told again.
    };
    struct Route {
        const char* method;
        const char* pattern;
        std::optional<control::Right> right;  // What the key needs; none: no key is needed.
        Handler handler;
        RouteText text;
        Repeated repeated = Repeated::LeftToHandler;
    };
    // What there is for a path.
    struct Match {
        const Route* route = nullptr;    // For the method as well; null when there is none.
        std::vector<std::string> names;  // That the path has where the pattern has a ':'.
        std::string allowed;             // The methods that there are.
    };

    static const std::vector<Route> kRoutes;  // routes.cc

    [[nodiscard]] control::Outcome<std::optional<control::ApiKey>> usable_key(
        const Request& request);
    // admit() but for clients that read no JSON.
    [[nodiscard]] Admission admit_as_json(const Request& head);
    [[nodiscard]] static Match find_route(const Request& request);
    [[nodiscard]] static Response options_of(const Match& match);
    [[nodiscard]] Response answer_without_key(const Request& request, const Match& match,
                                              const base::IpAddress& source);
    [[nodiscard]] Response answer_with_key(const Request& request, const Match& match,
                                           const control::ApiKey& key);
    [[nodiscard]] Response answer_once(const Call& call, Handler handler);

    // The zone that the path names, if the key covers it: all of it where the zone is managed. What
    // it may not see is forbidden whether it is there or not.
    [[nodiscard]] std::expected<dns::Name, Response> zone_of(const Call& call);
    [[nodiscard]] std::expected<control::Zone, Response> find_zone(const Call& call);

    // read_intent(), for a change of that zone.
    [[nodiscard]] std::expected<control::Intent, Response> intent_on(const dns::Name& name,
                                                                     const Call& call,
                                                                     const nlohmann::json& body);

    // server_resources.cc
    [[nodiscard]] Response list_versions(const Call& call);
    [[nodiscard]] Response show_version(const Call& call);
    [[nodiscard]] Response list_servers(const Call& call);
    [[nodiscard]] Response show_server(const Call& call);
    [[nodiscard]] Response list_settings(const Call& call);
    [[nodiscard]] Response list_statistics(const Call& call);
    [[nodiscard]] Response list_autoprimaries(const Call& call);
    [[nodiscard]] Response flush_cache(const Call& call);
    [[nodiscard]] Response search(const Call& call);

    // zone_resources.cc
    [[nodiscard]] Response list_zones(const Call& call);
    [[nodiscard]] Response create_zone(const Call& call);
    [[nodiscard]] Response show_zone(const Call& call);
    [[nodiscard]] Response edit_zone(const Call& call);
    [[nodiscard]] Response set_zone(const Call& call);
    [[nodiscard]] Response delete_zone(const Call& call);
    [[nodiscard]] Response notify_zone(const Call& call);
    [[nodiscard]] Response rectify_zone(const Call& call);
    [[nodiscard]] Response export_zone(const Call& call);

    // metadata_resources.cc
    [[nodiscard]] Response list_metadata(const Call& call);
    [[nodiscard]] Response show_metadata(const Call& call);
    [[nodiscard]] Response set_metadata(const Call& call);
    [[nodiscard]] Response remove_metadata(const Call& call);

    // fetched_resources.cc
    [[nodiscard]] Response retrieve_zone(const Call& call);
    [[nodiscard]] Response show_transfer(const Call& call);
    // What is wrong with what the zone's settings are to be; nothing when they may be so.
    [[nodiscard]] std::optional<Response> check_settings(const Call& call, const dns::Name& name,
                                                         const control::ZoneSettings& before,
                                                         const control::ZoneSettings& after) const;
    [[nodiscard]] std::optional<Response> check_catalog(const Call& call, const dns::Name& name,
                                                        const control::ZoneSettings& before,
                                                        const control::ZoneSettings& after) const;
    // As ChangeLog::contents(), wherever the records are kept.
    [[nodiscard]] control::Outcome<control::ChangeLog::Contents> contents_of(
        const dns::Name& name, const control::RrsetFilter& filter = {});
    // The zone as a list has it.
    [[nodiscard]] nlohmann::json summary_of(const control::Zone& zone);

    // signing_resources.cc
    struct KeyCall {
        control::Zone zone;
        control::SigningStatus status;
        control::SigningStatus::Key key;
    };
    [[nodiscard]] std::expected<KeyCall, Response> find_signing_key(const Call& call);
    // What is wrong with keys that are to be made; nothing when they can be. check_keys() sees
    // whether any are to be.
    [[nodiscard]] std::optional<Response> check_new_keys(const control::ZoneSettings& after) const;
    [[nodiscard]] std::optional<Response> check_keys(const control::ZoneSettings& before,
                                                     const control::ZoneSettings& after) const;
    // Both say what went wrong; nothing when it is done.
    [[nodiscard]] std::optional<Response> change_signing(const Call& call,
                                                         const control::Zone& zone,
                                                         const control::SettingsEdit& edit,
                                                         const nlohmann::json& body);
    [[nodiscard]] std::optional<Response> replace_key(const Call& call, const control::Zone& zone,
                                                      signing::KeyRole role);
    [[nodiscard]] Response list_keys(const Call& call);
    [[nodiscard]] Response show_key(const Call& call);
    [[nodiscard]] Response create_key(const Call& call);
    [[nodiscard]] Response set_key(const Call& call);
    [[nodiscard]] Response remove_key(const Call& call);
    [[nodiscard]] Response show_signing(const Call& call);
    [[nodiscard]] Response set_signing(const Call& call);
    [[nodiscard]] Response roll_key(const Call& call);
    [[nodiscard]] Response look_at_parent(const Call& call);

    // key_resources.cc
    [[nodiscard]] Response list_api_keys(const Call& call);
    [[nodiscard]] Response create_api_key(const Call& call);
    [[nodiscard]] Response remove_api_key(const Call& call);

    // tsigkey_resources.cc
    [[nodiscard]] std::expected<control::TsigCredential, Response> find_tsig_key(const Call& call);
    [[nodiscard]] Response refuse_tsig_key(const Call& call, const dns::Name& name,
                                           const control::ChangeError& error);
    [[nodiscard]] Response list_tsig_keys(const Call& call);
    [[nodiscard]] Response create_tsig_key(const Call& call);
    [[nodiscard]] Response show_tsig_key(const Call& call);
    [[nodiscard]] Response set_tsig_key(const Call& call);
    [[nodiscard]] Response remove_tsig_key(const Call& call);

    // dyndns_resource.cc
    [[nodiscard]] Response update_address(const Call& call);
    // Whether the host has other addresses now.
    [[nodiscard]] control::Outcome<bool> update_host(const Call& call, const dns::Name& name,
                                                     std::vector<control::RrsetEdit> edits);
    [[nodiscard]] control::Outcome<std::optional<control::Zone>> zone_around(
        const dns::Name& name, const control::KeyScope& scope);

    // audit_resources.cc
    [[nodiscard]] Response list_audit(const Call& call);
    [[nodiscard]] Response verify_audit(const Call& call);

    // tenant_resources.cc
    [[nodiscard]] Response list_tenants(const Call& call);
    [[nodiscard]] Response create_tenant(const Call& call);
    [[nodiscard]] Response show_tenant(const Call& call);
    [[nodiscard]] Response set_tenant(const Call& call);
    [[nodiscard]] Response remove_tenant(const Call& call);
    [[nodiscard]] nlohmann::json tenant_json(const control::Tenant& tenant) const;

    // user_resources.cc
    [[nodiscard]] Response log_in(const Call& call);
    [[nodiscard]] Response log_out(const Call& call);
    [[nodiscard]] Response list_users(const Call& call);
    [[nodiscard]] Response create_user(const Call& call);
    [[nodiscard]] Response show_user(const Call& call);
    [[nodiscard]] Response set_user(const Call& call);
    [[nodiscard]] Response remove_user(const Call& call);
    [[nodiscard]] Response demand_totp(const Call& call);
    // The user that the path names, if the key may look after him.
    [[nodiscard]] std::expected<control::Person, Response> find_user(const Call& call);
    [[nodiscard]] Response refuse_user(const Call& call, const std::string& name,
                                       const control::ChangeError& error);
    // What is answered when it is not sure that it is he who asks for what outlives his session;
    // nothing when it is.
    [[nodiscard]] std::optional<Response> check_proof(const Call& call, const std::string& password,
                                                      const nlohmann::json& body);

    // openapi_resource.cc
    [[nodiscard]] Response show_description(const Call& call);

    // network_resources.cc
    [[nodiscard]] Response list_pops(const Call& call);
    [[nodiscard]] Response create_pop(const Call& call);
    [[nodiscard]] Response show_pop(const Call& call);
    [[nodiscard]] Response remove_pop(const Call& call);
    [[nodiscard]] Response create_token(const Call& call);
    [[nodiscard]] std::expected<nlohmann::json, Response> invite(const Call& call,
                                                                 const std::string& pop,
                                                                 const WantedToken& wanted);

    // node_resources.cc
    [[nodiscard]] Response list_nodes(const Call& call);
    [[nodiscard]] Response create_node(const Call& call);
    [[nodiscard]] Response show_node(const Call& call);
    [[nodiscard]] Response revoke_node(const Call& call);
    [[nodiscard]] nlohmann::json node_json(const control::Node& node) const;

    // join_resource.cc
    [[nodiscard]] Response join_network(const Call& call);
    [[nodiscard]] Response check_invitation(const Call& call);

    // change_resources.cc
    [[nodiscard]] Response list_changes(const Call& call);
    [[nodiscard]] Response show_change(const Call& call);
    [[nodiscard]] Response revert_change(const Call& call);
    [[nodiscard]] std::expected<control::Change, Response> find_change(const Call& call);
    [[nodiscard]] bool is_tenants(const control::Change& change, const control::KeyScope& scope);
    // Waits for whom the request names, and says in a header whether they serve it.
    [[nodiscard]] control::Outcome<bool> wait_for(const Awaited& awaited,
                                                  const control::Change& change);
    void wait_if_asked(const Request& request, Response& response);
    // At this controller. Nothing of a change whose zone was deleted since: nobody knows any more.
    [[nodiscard]] std::optional<bool> is_published(const control::Change& change) const;
    // Which nodes do not serve it of those that are waited for, as a header.
    void tell_lagging(const control::Change& change, const Awaited& awaited, Response& response);
    // As read_wait(); 422 for a place that is not there.
    [[nodiscard]] std::expected<std::optional<Awaited>, Response> awaited_of(
        const Request& request);

    [[nodiscard]] nlohmann::json full_zone(const control::ChangeLog::Contents& contents,
                                           bool has_rrsets);

    [[nodiscard]] Response turn_away(const Request& request, const base::IpAddress& source);

    const Partners partners_;
    const base::Instant since_ = base::now();
    control::Refusals refusals_;
};

}  // namespace nearcast::control_api
