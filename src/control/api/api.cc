// SPDX-License-Identifier: Apache-2.0

#include "control/api/api.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/clock.h"
#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/api/zone_id.h"
#include "control/text_digest.h"
#include "control/wall_clock.h"
#include "dns/encoding.h"

namespace nearcast::control_api {
namespace {

// A zone of a hundred thousand records is some 10 MB of JSON.
constexpr size_t kBodySizeMax = size_t{64} << 20;
// What a node sends to join: a token and a public key.
constexpr size_t kKeylessBodySizeMax = size_t{16} << 10;

std::string_view take_segment(std::string_view& pattern) {
    const size_t end = pattern.find('/');
    const std::string_view segment = pattern.substr(0, end);
    pattern.remove_prefix(end == std::string_view::npos ? pattern.size() : end + 1);
    return segment;
}

// "api/v1/servers/:server/zones/:zone" takes what stands where it has a ':'.
bool matches(std::string_view pattern, const std::vector<std::string>& path,
             std::vector<std::string>& names) {
    names.clear();
    for (const std::string& segment : path) {
        if (pattern.empty()) return false;
        const std::string_view wanted = take_segment(pattern);
        if (wanted.starts_with(':')) {
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

Response unauthorized() {
    Response response = error_reply(401, "Unauthorized");
    response.headers.emplace_back("WWW-Authenticate", "X-API-Key realm=\"PowerDNS\"");
    return response;
}

Response held_off() {
    Response response = error_reply(429, "Too many wrong keys came from this address");
    response.headers.emplace_back("Retry-After",
                                  std::to_string(control::Refusals::kPeriod.count()));
    return response;
}

// Of an answer in JSON, as it is kept: its Location, a line, and its body.
std::string text_to_keep(const Response& response) {
    const auto found = std::ranges::find(response.headers, "Location",
                                         &std::pair<std::string, std::string>::first);
    return (found == response.headers.end() ? "" : found->second) + '\n' + response.body;
}

Response told_again(const std::string& text) {
    const size_t end = text.find('\n');
    Response response{
        .status = 201, .content_type = kJsonType, .body = text.substr(end + 1), .headers = {}};
    if (end > 0) response.headers.emplace_back("Location", text.substr(0, end));
    return response;
}

// What has no right to a body, or came while nobody could tell: its answer needs none.
Admission refused(Response response) {
    return {0, [response = std::move(response)](const Request& /*whole*/) { return response; }};
}

}  // namespace

// The same for all: a path is of a kind of thing, whether there is such a thing or not. Nothing for
// pages of other origins: a browser keeps them away (docs/security.md).
Response Api::options_of(const Match& match) {
    if (match.allowed.empty()) return error_reply(404, "Not Found");
    Response response = empty_reply();
    response.headers.emplace_back("Allow", match.allowed);
    return response;
}

// Who brings no key at all has not guessed.
Response Api::turn_away(const Request& request, const base::IpAddress& source) {
    if (key_of(request).empty()) return unauthorized();
    if (!refusals_.add(source, base::now())) return unauthorized();
    const auto now = control::wall_now();
    const auto noted = partners_.keys.note_refusal({"", request.peer}, now);
    return noted ? unauthorized() : error_reply(noted.error());
}

// Nothing when it has none, or one that is not good from there and now.
control::Outcome<std::optional<control::ApiKey>> Api::usable_key(const Request& request) {
    const auto source = base::parse_ip_address(request.peer);
    auto key = partners_.keys.find(source ? key_of(request) : "");
    if (key && *key && !(*key)->scope.is_usable(*source, control::wall_now())) key->reset();
    return key;
}

Admission Api::admit(const Request& head) {
    Admission admission = admit_as_json(head);
    if (!is_dyndns(head)) return admission;
    return {admission.body_size_max, [answer = std::move(admission.answer)](const Request& whole) {
                return in_dyndns(answer(whole));
            }};
}

Admission Api::admit_as_json(const Request& head) {
    Match match = find_route(head);
    if (head.method == "OPTIONS") return refused(options_of(match));
    const bool needs_key = match.route == nullptr || match.route->right;
    if (needs_key) {
        const auto key = usable_key(head);
        if (!key) return refused(error_reply(key.error()));
        // A key that is one passes, whoever else comes from its address.
        if (*key) {
            return {kBodySizeMax,
                    [this, match = std::move(match), key = **key](const Request& whole) {
                        return answer_with_key(whole, match, key);
                    }};
        }
    }
    const auto source = base::parse_ip_address(head.peer);
    if (!source || refusals_.is_held_off(*source, base::now())) return refused(held_off());
    if (needs_key) return refused(turn_away(head, *source));
    return {kKeylessBodySizeMax,
            [this, match = std::move(match), source = *source](const Request& whole) {
                return answer_without_key(whole, match, source);
            }};
}

Api::Match Api::find_route(const Request& request) {
    Match match;
    std::vector<std::string> names;
    const std::string method = request.method == "HEAD" ? "GET" : request.method;
    for (const Route& route : kRoutes) {
        if (!matches(route.pattern, request.path, names)) continue;
        match.allowed += route.method == std::string_view("GET") ? "GET, HEAD, "
                                                                 : std::string(route.method) + ", ";
        if (method == route.method && match.route == nullptr) {
            match.route = &route;
            match.names = names;
        }
    }
    if (!match.allowed.empty()) match.allowed += "OPTIONS";
    return match;
}

// Whoever is refused there has guessed, as with a key.
Response Api::answer_without_key(const Request& request, const Match& match,
                                 const base::IpAddress& source) {
    static const control::KeyScope kNothing;
    const Call call{request, {"", request.peer}, kNothing, match.names, 0};
    Response response = (this->*match.route->handler)(call);
    if (response.status == 403) (void)refusals_.add(source, base::now());
    return response;
}

Response Api::answer_with_key(const Request& request, const Match& match,
                              const control::ApiKey& key) {
    if (match.route == nullptr && match.allowed.empty()) return error_reply(404, "Not Found");
    if (match.route == nullptr) {
        Response response = error_reply(405, "Method Not Allowed");
        response.headers.emplace_back("Allow", match.allowed);
        return response;
    }
    if (key.scope.right < *match.route->right) {
        return error_reply(403, "The key may not do this: it lacks the right to " +
                                    std::string(to_text(*match.route->right)));
    }
    const std::string actor =
        key.scope.person.empty() ? "key:" + key.name : "user:" + key.scope.person;
    const Call call{request,   {actor, request.peer, key.scope.tenant},
                    key.scope, match.names,
                    key.id,    *match.route->right};
    const bool is_write = *match.route->right != control::Right::Read;
    if (is_write) {
        // What is wrong with it must be known before anything is changed.
        if (const auto awaited = awaited_of(request); !awaited) return awaited.error();
    }
    const bool is_told_again =
        match.route->repeated == Repeated::ToldAgain && !request.header("idempotency-key").empty();
    Response response = is_told_again ? answer_once(call, match.route->handler)
                                      : (this->*match.route->handler)(call);
    if (is_write) wait_if_asked(request, response);
    return response;
}

// A key is known by its number: two may have the same name, and the answer a secret of one.
Response Api::answer_once(const Call& call, Handler handler) {
    const auto name = read_idempotency_key(call.request);
    if (!name) return name.error();
    std::string asked = call.request.method;
    for (const std::string& segment : call.request.path) asked += '/' + escaped(segment);
    const control::KeptAnswers::Question question{
        .asker = std::to_string(call.key_id),
        .name = *name,
        .request = control::text_digest(asked + '\n' + call.request.body)};
    const auto kept = partners_.answers.begin(question, control::wall_now());
    if (!kept) return error_reply(kept.error());
    if (*kept) return told_again(**kept);
    Response response = (this->*handler)(call);
    // When this fails a repetition is refused: it is not done twice.
    (void)(response.status == 201 ? partners_.answers.keep(question, text_to_keep(response))
                                  : partners_.answers.forget(question));
    return response;
}

std::expected<dns::Name, Response> Api::zone_of(const Call& call) {
    const auto name = parse_zone_id(call.names[0]);
    const bool is_covered = name && call.scope.covers_zone(*name);
    if (is_covered && call.right == control::Right::Manage &&
        !call.scope.covers_whole_zone(*name)) {
        return std::unexpected(forbidden_part());
    }
    if (is_covered && call.scope.tenant.empty()) return *name;
    if (is_covered) {
        const auto zone = partners_.changes.zone(*name);
        if (zone && call.scope.covers(*zone)) return *name;
        const bool is_known = zone || zone.error().kind == control::ChangeError::Kind::NotFound;
        if (!is_known) return std::unexpected(error_reply(zone.error()));
    }
    if (!call.scope.covers_all_zones()) return std::unexpected(forbidden_zone());
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
