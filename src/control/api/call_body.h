// SPDX-License-Identifier: Apache-2.0
//
// What requests have in common: a JSON body, an If-Match, a key against repetition, pages.

#pragma once

#include <expected>

#include "control/api/http_message.h"
#include "control/model.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// Values in a body: objects, lists and what is in them. 64 MiB of ordinary RRsets have five
// million; what is smaller takes more memory than it has bytes.
constexpr size_t kBodyValuesMax = 6'000'000;

// The body whatever its type is called; an empty one is {}. 400 when it is no JSON object, with the
// place where it goes wrong; 413 when it has too many values; 422 when something in it is no text,
// or an object has a name twice.
[[nodiscard]] std::expected<nlohmann::json, Response> read_body(const Request& request);

// A member that is text; empty when it is not there, or something else.
[[nodiscard]] std::string text_of(const nlohmann::json& object, const char* name);

// 422 when one of these members is there, and is neither text nor null.
[[nodiscard]] std::expected<void, Response> expect_texts(const nlohmann::json& object,
                                                         std::initializer_list<const char*> names);
// read_body(), with such members.
[[nodiscard]] std::expected<nlohmann::json, Response> read_body(
    const Request& request, std::initializer_list<const char*> texts);

// If-Match, of which the first tag counts, Idempotency-Key, and the member "comment" of the body.
// 400 when a header is wrong, 422 when the comment is no text.
[[nodiscard]] std::expected<control::Intent, Response> read_intent(const Request& request,
                                                                   const control::Actor& actor,
                                                                   const nlohmann::json& body);

// The states of a zone that If-Match lets pass, of which one is to be there; nothing: all. Weak
// tags match nothing (RFC 9110 §13.1.1), nor do those that no zone of ours has. A serial may stand
// without quotes. 400 when it is neither.
using Expectation = std::optional<std::vector<control::Intent::Expected>>;
[[nodiscard]] std::expected<Expectation, Response> read_if_match(const Request& request);

// Whether If-None-Match has the ETag, weak or strong (RFC 9110 §13.1.2), or is '*'.
[[nodiscard]] bool has_seen(const Request& request, std::string_view etag);

// 400 when the header is longer than 255 bytes, or no text.
[[nodiscard]] std::expected<std::string, Response> read_idempotency_key(const Request& request);

// A number in the query; `usual` when it is not there. 400 when it is none, or more than `highest`.
[[nodiscard]] std::expected<uint64_t, Response> read_number(const Request& request,
                                                            const char* name, uint64_t usual,
                                                            uint64_t highest);
// How many items a page has, one at least.
[[nodiscard]] std::expected<uint64_t, Response> read_limit(const Request& request, uint64_t usual,
                                                           uint64_t highest);

}  // namespace nearcast::control_api
