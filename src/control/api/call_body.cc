// SPDX-License-Identifier: Apache-2.0

#include "control/api/call_body.h"

#include <charconv>

#include "control/api/reply.h"

namespace nearcast::control_api {
namespace {

using nlohmann::json;

// No resource takes more than six levels. What is deeper is costly to build and to take apart.
constexpr int kDepthMax = 32;

constexpr size_t kIdempotencyKeySizeMax = 255;

bool is_deep(std::string_view text) {
    int depth = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        if (is_quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && (text[i] == '[' || text[i] == '{')) {
            if (++depth > kDepthMax) return true;
        } else if (!is_quoted && (text[i] == ']' || text[i] == '}')) {
            --depth;
        }
    }
    return false;
}

bool has_zero(const std::string& text) { return text.find('\0') != std::string::npos; }

// As deep as is_deep() lets it be.
bool has_zero(const json& value) {
    if (value.is_string()) return has_zero(value.get_ref<const std::string&>());
    for (const auto& [name, member] : value.items()) {
        if (value.is_object() && has_zero(name)) return true;
        if (value.is_structured() && has_zero(member)) return true;
    }
    return false;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// "2026112601-17" in its quotes, weak or not, or the serial alone; "*" is any.
std::expected<control::Intent::Expected, Response> read_if_match(const Request& request) {
    std::string_view text = request.headers.contains("if-match")
                                ? std::string_view(request.headers.at("if-match"))
                                : std::string_view("*");
    if (text == "*") return control::Intent::Expected();
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    const size_t dash = text.find('-');
    const bool has_sequence = dash != std::string_view::npos;
    const auto serial = parse_number<uint32_t>(text.substr(0, dash));
    const auto sequence =
        has_sequence ? parse_number<uint64_t>(text.substr(dash + 1)) : std::nullopt;
    if (!serial || has_sequence != sequence.has_value()) {
        return std::unexpected(
            error_reply(400, "If-Match is neither the ETag of a zone nor its serial in quotes"));
    }
    return control::Intent::Expected{serial, sequence};
}

}  // namespace

std::expected<json, Response> read_body(const Request& request) {
    if (request.body.empty()) return json::object();
    if (is_deep(request.body)) return std::unexpected(error_reply(400, "The JSON is too deep"));
    json body = json::parse(request.body, nullptr, false);
    if (body.is_discarded() && !has_zero(request.body) && !is_text(request.body)) {
        return std::unexpected(error_reply(422, "The body is not UTF-8"));
    }
    if (!body.is_object()) return std::unexpected(error_reply(400, "Bad Request"));
    if (has_zero(body)) return std::unexpected(error_reply(422, "A String has the character 0"));
    return body;
}

std::expected<json, Response> read_body(const Request& request,
                                        std::initializer_list<const char*> texts) {
    auto body = read_body(request);
    if (!body) return body;
    if (const auto done = expect_texts(*body, texts); !done) return std::unexpected(done.error());
    return body;
}

std::expected<void, Response> expect_texts(const json& object,
                                           std::initializer_list<const char*> names) {
    for (const char* name : names) {
        const auto found = object.find(name);
        if (found == object.end() || found->is_null() || found->is_string()) continue;
        return std::unexpected(error_reply(422, "Key '" + std::string(name) + "' is not a String"));
    }
    return {};
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::expected<control::Intent, Response> read_intent(const Request& request,
                                                     const control::Actor& actor,
                                                     const json& body) {
    const auto expected = read_if_match(request);
    if (!expected) return std::unexpected(expected.error());
    auto key = read_idempotency_key(request);
    if (!key) return std::unexpected(key.error());
    control::Intent intent{
        .actor = actor, .comment = {}, .expected = *expected, .idempotency_key = *std::move(key)};
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

std::expected<uint64_t, Response> read_limit(const Request& request, uint64_t usual,
                                             uint64_t highest) {
    auto limit = read_number(request, "limit", usual, highest);
    if (limit && *limit == 0) return std::unexpected(error_reply(400, "limit is 0"));
    return limit;
}

std::expected<std::string, Response> read_idempotency_key(const Request& request) {
    std::string key = request.header("idempotency-key");
    if (key.size() <= kIdempotencyKeySizeMax && is_text(key)) return key;
    return std::unexpected(error_reply(400, "Idempotency-Key is not text of 255 bytes at most"));
}

}  // namespace nearcast::control_api
