// SPDX-License-Identifier: Apache-2.0

#include "control/api/call_body.h"

#include <charconv>

#include "control/api/reply.h"

namespace nearcast::control_api {
namespace {

using nlohmann::json;

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// "2026112601" in its quotes, weak or not; "*" is any.
std::expected<std::optional<uint32_t>, Response> read_if_match(const Request& request) {
    std::string_view text = request.headers.contains("if-match")
                                ? std::string_view(request.headers.at("if-match"))
                                : std::string_view("*");
    if (text == "*") return std::nullopt;
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    const auto serial = parse_number<uint32_t>(text);
    if (!serial) {
        return std::unexpected(
            error_reply(400, "If-Match is not the ETag of a zone, which is its serial in quotes"));
    }
    return *serial;
}

}  // namespace

std::expected<json, Response> read_body(const Request& request) {
    if (request.body.empty()) return json::object();
    json body = json::parse(request.body, nullptr, false);
    if (!body.is_object()) return std::unexpected(error_reply(400, "Bad Request"));
    return body;
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::expected<control::Intent, Response> read_intent(const Request& request,
                                                     const control::Actor& actor,
                                                     const json& body) {
    const auto serial = read_if_match(request);
    if (!serial) return std::unexpected(serial.error());
    control::Intent intent{.actor = actor,
                           .comment = {},
                           .expected_serial = *serial,
                           .idempotency_key = request.header("idempotency-key")};
    const auto comment = body.find("comment");
    if (comment != body.end() && comment->is_string()) intent.comment = comment->get<std::string>();
    return intent;
}

std::expected<uint64_t, Response> read_number(const Request& request, const char* name,
                                              uint64_t usual, uint64_t highest) {
    const auto text = request.parameter(name);
    if (!text) return usual;
    const auto number = parse_number<uint64_t>(*text);
    if (number && *number <= highest) return *number;
    return std::unexpected(
        error_reply(400, std::string(name) + " is not a number up to " + std::to_string(highest)));
}

}  // namespace nearcast::control_api
