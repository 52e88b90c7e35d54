// SPDX-License-Identifier: Apache-2.0

#include "control/api/api.h"

#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "control/api/reply.h"
#include "control/api/zone_id.h"
#include "dns/encoding.h"

namespace nearcast::control_api {
namespace {

std::string_view take_segment(std::string_view& pattern) {
    const size_t end = pattern.find('/');
    const std::string_view segment = pattern.substr(0, end);
    pattern.remove_prefix(end == std::string_view::npos ? pattern.size() : end + 1);
    return segment;
}

// "api/v1/servers/:/zones/:" takes what stands where it has a ':'.
bool matches(std::string_view pattern, const std::vector<std::string>& path,
             std::vector<std::string>& names) {
    names.clear();
    for (const std::string& segment : path) {
        if (pattern.empty()) return false;
        const std::string_view wanted = take_segment(pattern);
        if (wanted == ":") {
            names.push_back(segment);
        } else if (wanted != segment) {
            return false;
        }
    }
    return pattern.empty();
}

// The key in its own header, or as the password of HTTP's Basic scheme (RFC 7617), which is all
// that routers know.
std::string key_of(const Request& request) {
    const std::string authorization = request.header("authorization");
    constexpr std::string_view kBasic = "Basic ";
    if (request.headers.contains("x-api-key") || !authorization.starts_with(kBasic)) {
        return request.header("x-api-key");
    }
    std::vector<uint8_t> bytes;
    dns::Base64Decoder decoder;
    if (!decoder.feed(std::string_view(authorization).substr(kBasic.size()), bytes)) return {};
    const std::string pair(bytes.begin(), bytes.end());
    const size_t colon = pair.find(':');
    return colon == std::string::npos ? "" : pair.substr(colon + 1);
}

Response unauthorized(const Request& request) {
    const bool is_update = !request.path.empty() && request.path.front() == "nic";
    Response response = is_update ? text_reply("badauth\n") : error_reply(401, "Unauthorized");
    response.status = 401;
    response.headers.emplace_back("WWW-Authenticate", is_update ? "Basic realm=\"nearcast\""
                                                                : "X-API-Key realm=\"PowerDNS\"");
    return response;
}

}  // namespace

const std::vector<Api::Route>& Api::routes() {
    using control::Right;
    static const std::vector<Route> kRoutes{
        {"GET", "api", Right::Read, &Api::list_versions},
        {"GET", "api/v1", Right::Read, &Api::show_version},
        {"GET", "api/v1/servers", Right::Read, &Api::list_servers},
        {"GET", "api/v1/servers/localhost", Right::Read, &Api::show_server},
        {"GET", "api/v1/servers/localhost/config", Right::Read, &Api::list_settings},
        {"GET", "api/v1/servers/localhost/statistics", Right::Read, &Api::list_statistics},
        {"PUT", "api/v1/servers/localhost/cache/flush", Right::Read, &Api::flush_cache},
        {"GET", "api/v1/servers/localhost/search-data", Right::Read, &Api::search},
        {"GET", "api/v1/servers/localhost/zones", Right::Read, &Api::list_zones},
        {"POST", "api/v1/servers/localhost/zones", Right::Manage, &Api::create_zone},
        {"GET", "api/v1/servers/localhost/zones/:", Right::Read, &Api::show_zone},
        {"PATCH", "api/v1/servers/localhost/zones/:", Right::Change, &Api::edit_zone},
        {"PUT", "api/v1/servers/localhost/zones/:", Right::Manage, &Api::set_zone},
        {"DELETE", "api/v1/servers/localhost/zones/:", Right::Manage, &Api::delete_zone},
        {"PUT", "api/v1/servers/localhost/zones/:/notify", Right::Change, &Api::notify_zone},
        {"PUT", "api/v1/servers/localhost/zones/:/axfr-retrieve", Right::Change,
         &Api::retrieve_zone},
        {"PUT", "api/v1/servers/localhost/zones/:/rectify", Right::Change, &Api::rectify_zone},
        {"GET", "api/v1/servers/localhost/zones/:/export", Right::Read, &Api::export_zone},
        {"GET", "api/v1/servers/localhost/zones/:/cryptokeys", Right::Read, &Api::list_keys},
        {"GET", "api/v1/servers/localhost/zones/:/metadata", Right::Read, &Api::list_metadata},
        {"GET", "api/v1/changes", Right::Read, &Api::list_changes},
        {"GET", "api/v1/changes/:", Right::Read, &Api::show_change},
        {"POST", "api/v1/changes/:/revert", Right::Change, &Api::revert_change},
        {"GET", "nic/update", Right::Change, &Api::update_address},
        {"GET", "api/v1/audit", Right::Manage, &Api::list_audit},
        {"GET", "api/v1/audit/verdict", Right::Manage, &Api::verify_audit},
        {"GET", "api/v1/keys", Right::Manage, &Api::list_api_keys},
        {"POST", "api/v1/keys", Right::Manage, &Api::create_api_key},
        {"DELETE", "api/v1/keys/:", Right::Manage, &Api::remove_api_key},
    };
    return kRoutes;
}

Response Api::turn_away(const Request& request, const base::IpAddress& source) {
    if (!refusals_.add(source, base::now())) return unauthorized(request);
    const auto now = std::chrono::floor<control::Timestamp>(base::unix_now());
    const auto noted = partners_.keys.note_refusal({"", request.peer}, now);
    return noted ? unauthorized(request) : error_reply(noted.error());
}

Response Api::answer(const Request& request) {
    const auto source = base::parse_ip_address(request.peer);
    if (!source || refusals_.is_held_off(*source, base::now())) {
        Response response = error_reply(429, "Too many wrong keys came from this address");
        response.headers.emplace_back("Retry-After",
                                      std::to_string(control::Refusals::kPeriod.count()));
        return response;
    }
    const auto key = partners_.keys.find(key_of(request));
    if (!key) return error_reply(key.error());
    const auto now = std::chrono::floor<control::Timestamp>(base::unix_now());
    if (!*key || !(*key)->scope.is_usable(*source, now)) return turn_away(request, *source);
    return route(request, **key);
}

Response Api::route(const Request& request, const control::ApiKey& key) {
    Call call{request, {"key:" + key.name, request.peer}, key.scope, {}};
    std::string allowed;
    const std::string method = request.method == "HEAD" ? "GET" : request.method;
    for (const Route& route : routes()) {
        if (!matches(route.pattern, request.path, call.names)) continue;
        if (method != route.method) {
            allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
        } else if (key.scope.right < route.right) {
            return error_reply(403, "The key may not do this: it lacks the right to " +
                                        std::string(to_text(route.right)));
        } else {
            return (this->*route.handler)(call);
        }
    }
    if (allowed.empty()) return error_reply(404, "Not Found");
    Response response = error_reply(405, "Method Not Allowed");
    response.headers.emplace_back("Allow", allowed);
    return response;
}

std::expected<dns::Name, Response> Api::zone_of(const Call& call) {
    const auto name = parse_zone_id(call.names[0]);
    if (name && call.scope.covers_zone(*name)) return *name;
    if (!call.scope.zones.empty()) return std::unexpected(forbidden_zone());
    return std::unexpected(error_reply(404, "Not Found"));
}

std::expected<control::Zone, Response> Api::find_zone(const Call& call) {
    const auto name = zone_of(call);
    if (!name) return std::unexpected(name.error());
    auto zone = partners_.changes.zone(*name);
    if (!zone) return std::unexpected(error_reply(zone.error()));
    return *std::move(zone);
}

}  // namespace nearcast::control_api
