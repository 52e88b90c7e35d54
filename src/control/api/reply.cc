// SPDX-License-Identifier: Apache-2.0

#include "control/api/reply.h"

namespace nearcast::control_api {

using nlohmann::json;
using Kind = control::ChangeError::Kind;

namespace {

int status_of(Kind kind) {
    switch (kind) {
        case Kind::Invalid:
            return 422;
        case Kind::NotFound:
            return 404;
        case Kind::Exists:
        case Kind::Superseded:
            return 409;
        case Kind::Conflict:
            return 412;
        case Kind::Forbidden:
            return 403;
        case Kind::Full:
            return 422;
        case Kind::TooFast:
            return 429;
        case Kind::Unavailable:
            return 503;
    }
    return 500;
}

}  // namespace

Response json_reply(int status, const json& body) {
    return {.status = status,
            .content_type = kJsonType,
            .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
            .headers = {}};
}

Response empty_reply() { return {.status = 204, .content_type = {}, .body = {}, .headers = {}}; }

Response text_reply(std::string text) {
    return {.status = 200, .content_type = "text/plain", .body = std::move(text), .headers = {}};
}

Response error_reply(int status, const std::string& message) {
    return json_reply(status, {{"error", message}});
}

Response error_reply(const control::ChangeError& error) {
    json body{{"error", error.message}};
    for (const control::RrsetFault& fault : error.faults) {
        body["errors"].push_back(to_text(fault));
        body["rrsets"].push_back({{"name", dns::to_text(fault.owner)},
                                  {"type", dns::to_text(fault.type)},
                                  {"field", fault.field},
                                  {"reason", fault.reason}});
    }
    Response response = json_reply(status_of(error.kind), body);
    if (error.kind == Kind::TooFast) {
        response.headers.emplace_back("Retry-After", std::to_string(error.retry_after.count()));
    }
    return response;
}

void add_outcome(const control::Committed& committed, Response& response) {
    response.headers.emplace_back("ETag", etag_of(committed.new_serial, committed.sequence));
    response.headers.emplace_back("X-PDNS-Old-Serial", std::to_string(committed.old_serial));
    response.headers.emplace_back("X-PDNS-New-Serial", std::to_string(committed.new_serial));
    response.headers.emplace_back(kChangeHeader, std::to_string(committed.sequence));
}

Response done_reply(const control::Outcome<control::Committed>& done) {
    if (!done) return error_reply(done.error());
    Response response = empty_reply();
    add_outcome(*done, response);
    return response;
}

Response forbidden_zone() { return error_reply(403, "The key does not cover this zone"); }

Response forbidden_part() {
    return error_reply(403, "The key covers some names or types of this zone alone");
}

Response forbidden_network() { return error_reply(403, "The network is not for keys with limits"); }

std::string etag_of(uint32_t serial, uint64_t sequence) {
    return '"' + std::to_string(serial) + '-' + std::to_string(sequence) + '"';
}

}  // namespace nearcast::control_api
