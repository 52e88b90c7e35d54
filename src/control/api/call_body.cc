// SPDX-License-Identifier: Apache-2.0

#include "control/api/call_body.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

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

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool has_zero(const std::string& text) { return text.find('\0') != std::string::npos; }

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// The next of a list, without the blanks around it. A comma may stand within quotes.
std::string_view take_tag(std::string_view& list) {
    bool is_quoted = false;
    size_t end = 0;
    for (; end < list.size() && (is_quoted || list[end] != ','); ++end) {
        if (list[end] == '"') is_quoted = !is_quoted;
    }
    std::string_view tag = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (!tag.empty() && is_blank(tag.front())) tag.remove_prefix(1);
    while (!tag.empty() && is_blank(tag.back())) tag.remove_suffix(1);
    return tag;
}

// 2026112601-17, or the serial alone.
std::optional<control::Intent::Expected> parse_tag(std::string_view text) {
    const size_t dash = text.find('-');
    const bool has_sequence = dash != std::string_view::npos;
    const auto serial = parse_number<uint32_t>(text.substr(0, dash));
    const auto sequence =
        has_sequence ? parse_number<uint64_t>(text.substr(dash + 1)) : std::nullopt;
    if (!serial || has_sequence != sequence.has_value()) return std::nullopt;
    return control::Intent::Expected{serial, sequence};
}

// Line and column, from 1, of the byte of that number, from 1.
std::string place_of(std::string_view text, size_t byte) {
    const std::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
    const size_t line_end = before.rfind('\n');
    const size_t column =
        line_end == std::string_view::npos ? before.size() : before.size() - line_end - 1;
    return "line " + std::to_string(std::ranges::count(before, '\n') + 1) + ", column " +
           std::to_string(column + 1);
}

// The library's error, which has the place where the text went wrong, or a number beyond its
// bounds.
std::string reason_of(const json::exception& error, std::string_view text) {
    const auto* const syntax = dynamic_cast<const json::parse_error*>(&error);
    if (syntax == nullptr) return "The JSON has a number that is too large";
    return "The JSON is wrong at " + place_of(text, syntax->byte);
}

// Builds what the library reads, at a cost that grows with the text alone: the library's own reader
// that can be watched walks the whole list at the end of each object in it.
class BodyReader final : public json::json_sax_t {
 public:
    explicit BodyReader(std::string_view text) : text_(text) {}

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(int64_t value) override { return put(value); }
    bool number_unsigned(uint64_t value) override { return put(value); }
    bool number_float(double value, const std::string& /*text*/) override { return put(value); }
    bool string(std::string& value) override {
        has_zero_ = has_zero_ || has_zero(value);
        return put(std::move(value));
    }
    bool binary(json::binary_t& /*value*/) override { return false; }  // No JSON has any.
    bool start_object(size_t /*size*/) override { return open(json::object()); }
    bool key(std::string& name) override {
        has_zero_ = has_zero_ || has_zero(name);
        if (open_.back()->contains(name) && !twice_) twice_ = name;
        name_ = std::move(name);
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(size_t /*size*/) override { return open(json::array()); }
    bool end_array() override { return close(); }
    bool parse_error(size_t /*byte*/, const std::string& /*token*/,
                     const json::exception& error) override {
        wrong_ = reason_of(error, text_);
        return false;
    }

    [[nodiscard]] json take() { return std::move(root_); }
    // Where reading ended with an error of the JSON.
    [[nodiscard]] const std::optional<std::string>& wrong() const { return wrong_; }
    // Reading ended with one value more than there may be.
    [[nodiscard]] bool has_too_many() const { return count_ > kBodyValuesMax; }
    // A name that an object has twice: who wrote it meant one of the two, and nobody knows which.
    [[nodiscard]] const std::optional<std::string>& twice() const { return twice_; }
    // In a text or a name.
    [[nodiscard]] bool has_zero_inside() const { return has_zero_; }

 private:
    bool put(json value) {
        if (++count_ > kBodyValuesMax) return false;
        if (open_.empty()) {
            place_ = &(root_ = std::move(value));
        } else if (open_.back()->is_array()) {
            open_.back()->push_back(std::move(value));
            place_ = &open_.back()->back();
        } else {
            place_ = &((*open_.back())[name_] = std::move(value));
        }
        return true;
    }
    bool open(json value) {
        if (!put(std::move(value))) return false;
        open_.push_back(place_);  // Stays there: what it is in does not grow before it is closed.
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    const std::string_view text_;
    json root_;
    std::vector<json*> open_;
    json* place_ = nullptr;  // Of the last value.
    std::string name_;       // Of the next value, within an object.
    size_t count_ = 0;
    std::optional<std::string> wrong_;
    std::optional<std::string> twice_;
    bool has_zero_ = false;
};

// 400, in the words that clients of PowerDNS know.
Response bad_request(const std::string& reason) {
    return json_reply(400, {{"error", "Bad Request"}, {"errors", json::array({reason})}});
}

}  // namespace

std::expected<json, Response> read_body(const Request& request) {
    if (request.body.empty()) return json::object();
    if (is_deep(request.body)) return std::unexpected(error_reply(400, "The JSON is too deep"));
    BodyReader reader(request.body);
    if (!json::sax_parse(request.body, &reader)) {
        if (reader.has_too_many()) {
            return std::unexpected(error_reply(
                413, "The JSON has more than " + std::to_string(kBodyValuesMax) + " values"));
        }
        if (!has_zero(request.body) && !is_text(request.body)) {
            return std::unexpected(error_reply(422, "The body is not UTF-8"));
        }
        return std::unexpected(bad_request(reader.wrong().value_or("The JSON is wrong")));
    }
    json body = reader.take();
    if (!body.is_object()) return std::unexpected(bad_request("The body is not a JSON object"));
    if (reader.twice()) {
        return std::unexpected(
            error_reply(422, "Key '" + *reader.twice() + "' stands twice in one object"));
    }
    if (reader.has_zero_inside()) {
        return std::unexpected(error_reply(422, "A String has the character 0"));
    }
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

std::expected<Expectation, Response> read_if_match(const Request& request) {
    std::string_view list = request.headers.contains("if-match")
                                ? std::string_view(request.headers.at("if-match"))
                                : std::string_view("*");
    if (list == "*") return Expectation();
    Expectation expected(std::in_place);
    do {
        std::string_view text = take_tag(list);
        const bool is_weak = text.starts_with("W/");
        if (is_weak) text.remove_prefix(2);
        const bool is_quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
        if (is_quoted) text = text.substr(1, text.size() - 2);
        const auto tag = parse_tag(text);
        if (!tag && !is_quoted) {
            return std::unexpected(error_reply(
                400, "If-Match is neither the ETag of a zone nor its serial in quotes"));
        }
        if (tag && !is_weak) expected->push_back(*tag);
    } while (!list.empty());
    return expected;
}

bool has_seen(const Request& request, std::string_view etag) {
    const std::string header = request.header("if-none-match");
    std::string_view list = header;
    while (!list.empty()) {
        std::string_view tag = take_tag(list);
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == etag || tag == "*") return true;
    }
    return false;
}

std::expected<control::Intent, Response> read_intent(const Request& request,
                                                     const control::Actor& actor,
                                                     const json& body) {
    const auto tags = read_if_match(request);
    if (!tags) return std::unexpected(tags.error());
    // No zone is at this one: what has no tag that could match is not done.
    control::Intent::Expected expected{.serial = {}, .sequence = 0};
    if (!*tags) expected = {};
    if (*tags && !(*tags)->empty()) expected = (*tags)->front();
    auto key = read_idempotency_key(request);
    if (!key) return std::unexpected(key.error());
    if (const auto texts = expect_texts(body, {"comment"}); !texts) {
        return std::unexpected(texts.error());
    }
    return control::Intent{.actor = actor,
                           .comment = text_of(body, "comment"),
                           .expected = expected,
                           .idempotency_key = *std::move(key)};
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
