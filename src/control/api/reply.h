// SPDX-License-Identifier: Apache-2.0
//
// The responses that all resources give: JSON, nothing, or what was wrong.

#pragma once

#include <string>
#include <vector>

#include "control/api/http_message.h"
#include "control/change_error.h"
#include "control/model.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// The content type exactly so: some clients compare the whole of it.
constexpr const char* kJsonType = "application/json";

// Which change was made.
constexpr const char* kChangeHeader = "X-Nearcast-Change";

[[nodiscard]] Response json_reply(int status, const nlohmann::json& body);
// 204: without a body, and without a type.
[[nodiscard]] Response empty_reply();
[[nodiscard]] Response text_reply(std::string text);

// {"error": "..."}; with `errors`, a list of sentences, where there are several.
[[nodiscard]] Response error_reply(int status, const std::string& message);
// The status that the kind stands for. Faults of RRsets are listed in "errors" as sentences, and in
// "rrsets" by their parts.
[[nodiscard]] Response error_reply(const control::ChangeError& error);

// Which change it was, and what the zone's serial is now.
void add_outcome(const control::Committed& committed, Response& response);
// 204 with that, or what was wrong.
[[nodiscard]] Response done_reply(const control::Outcome<control::Committed>& done);

// 403, of a zone that the key does not cover.
[[nodiscard]] Response forbidden_zone();

// 403, of a zone that the key covers in parts.
[[nodiscard]] Response forbidden_part();

// 403, of what belongs to whoever runs the network.
[[nodiscard]] Response forbidden_network();

// Whether whoever asks reads words of DynDNS2 and no JSON, and an answer to him: what is not in
// these words yet is put into them.
[[nodiscard]] bool is_dyndns(const Request& request);
[[nodiscard]] Response in_dyndns(Response response);

// The validator of a zone's state: its serial and its last change, as settings have no serial, and
// a zone that comes back may have the same one again.
[[nodiscard]] std::string etag_of(uint32_t serial, uint64_t sequence);

}  // namespace nearcast::control_api
