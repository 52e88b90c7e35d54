// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/tenants: who shares this controller, and how much each may have.

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/list_page.h"
#include "control/api/reply.h"
#include "control/api/zone_json.h"
#include "control/wall_clock.h"

namespace nearcast::control_api {

using nlohmann::json;

namespace {

Response not_yours() { return error_reply(403, "The key does not cover this tenant"); }

}  // namespace

json Api::tenant_json(const control::Tenant& tenant) const {
    const control::Plan* const plan = partners_.quotas.find(tenant.plan);
    const control::Plan limits = plan == nullptr ? control::Plan{"", 0, 0, 0} : *plan;
    return {{"name", tenant.name},
            {"plan", tenant.plan},
            {"zones", tenant.zones},
            {"records", tenant.records},
            {"limits",
             {{"zones", limits.zones_max},
              {"records", limits.records_max},
              {"changes_per_minute", limits.changes_per_minute_max}}},
            {"created_at", time_text(tenant.created_at)}};
}

Response Api::list_tenants(const Call& call) {
    if (!call.scope.zones.empty()) return not_yours();
    const auto tenants = partners_.accounts.tenants();
    if (!tenants) return error_reply(tenants.error());
    json list = json::array();
    for (const control::Tenant& tenant : *tenants) {
        if (call.scope.tenant.empty() || call.scope.tenant == tenant.name) {
            list.push_back(tenant_json(tenant));
        }
    }
    return page_reply(call.request, std::move(list), "name");
}

Response Api::create_tenant(const Call& call) {
    if (!call.scope.covers_all()) return not_yours();
    const auto body = read_body(call.request, {"name", "plan"});
    if (!body) return body.error();
    const control::Tenant wanted{.name = text_of(*body, "name"),
                                 .plan = text_of(*body, "plan"),
                                 .created_at = control::wall_now()};
    if (!control::is_account_name(wanted.name)) {
        return error_reply(422, "name is not of 1 to 63 lower case letters, digits, -, _, . and @");
    }
    if (auto added = partners_.accounts.add_tenant(wanted, call.actor); !added) {
        return error_reply(added.error());
    }
    const auto tenant = partners_.accounts.tenant(wanted.name);
    if (!tenant) return error_reply(tenant.error());
    Response response = json_reply(201, tenant_json(*tenant));
    response.headers.emplace_back("Location", "/api/v1/tenants/" + tenant->name);
    return response;
}

Response Api::show_tenant(const Call& call) {
    const bool is_own = call.scope.zones.empty() && call.scope.tenant == call.names[0];
    if (!call.scope.covers_all() && !is_own) return not_yours();
    const auto tenant = partners_.accounts.tenant(call.names[0]);
    return tenant ? json_reply(200, tenant_json(*tenant)) : error_reply(tenant.error());
}

Response Api::set_tenant(const Call& call) {
    if (!call.scope.covers_all()) return not_yours();
    const auto body = read_body(call.request, {"plan"});
    if (!body) return body.error();
    const auto done = partners_.accounts.set_plan(call.names[0], text_of(*body, "plan"), call.actor,
                                                  control::wall_now());
    return done ? empty_reply() : error_reply(done.error());
}

Response Api::remove_tenant(const Call& call) {
    if (!call.scope.covers_all()) return not_yours();
    const auto removed =
        partners_.accounts.remove_tenant(call.names[0], call.actor, control::wall_now());
    return removed ? empty_reply() : error_reply(removed.error());
}

}  // namespace nearcast::control_api
