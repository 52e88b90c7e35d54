// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/audit: who did what, and whether that is still as it was written.

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/audit.h"

namespace nearcast::control_api {

using nlohmann::json;

namespace {

constexpr uint64_t kPageUsual = 100;

json entry_json(const control::AuditEntry& entry) {
    return {{"sequence", entry.sequence},
            {"at", std::chrono::floor<std::chrono::seconds>(entry.at).count()},
            {"actor", entry.actor.name},
            {"source", entry.actor.source},
            {"action", entry.action},
            {"subject", entry.subject},
            {"detail", entry.detail},
            {"link", entry.link}};
}

Response limited() { return error_reply(403, "The audit log is not for keys with limits"); }

}  // namespace

Response Api::list_audit(const Call& call) {
    if (!call.scope.covers_all()) return limited();
    const auto before = read_number(call.request, "before", INT64_MAX, INT64_MAX);
    if (!before) return before.error();
    const auto count = read_limit(call.request, kPageUsual, control::ChangeLog::kPageMax);
    if (!count) return count.error();
    const auto entries = control::read_audit(partners_.database, *before, *count);
    if (!entries) return error_reply(entries.error());
    json list = json::array();
    for (const control::AuditEntry& entry : *entries) list.push_back(entry_json(entry));
    return json_reply(200, list);
}

Response Api::verify_audit(const Call& call) {
    if (!call.scope.covers_all()) return limited();
    const auto verdict = control::verify_audit(partners_.database);
    if (!verdict) return error_reply(verdict.error());
    return json_reply(200, {{"entries", verdict->entries},
                            {"last_link", verdict->last_link},
                            {"broken_at", verdict->broken_at ? json(*verdict->broken_at) : json()},
                            {"reason", verdict->reason}});
}

}  // namespace nearcast::control_api
