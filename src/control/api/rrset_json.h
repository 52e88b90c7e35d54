// SPDX-License-Identifier: Apache-2.0
//
// RRsets in the bodies of requests, and which of them cannot be read, in which field.
//
// One of which not even the name can be read is told by its place in the list.

#pragma once

#include <expected>
#include <string>
#include <vector>

#include "control/api/http_message.h"
#include "control/model.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// Of one RRset, named as the body names it.
struct UnreadRrset {
    std::string name = {};
    std::string type = {};
    std::string field = {};   // "ttl", "content", ...
    std::string reason = {};  // In the words that clients of PowerDNS know.
    size_t place = 0;         // In the list, from 1.
};

// Why a body is not what it should be: 422.
struct BodyFault {
    std::string message = {};
    std::vector<UnreadRrset> rrsets =
        {};  // Those at fault, if some are; the message is the first's.
};

template <typename T>
using ReadBody = std::expected<T, BodyFault>;

// As other errors of RRsets are told (reply.h).
[[nodiscard]] Response error_reply(const BodyFault& fault);

// The member "rrsets" of a PATCH.
[[nodiscard]] ReadBody<std::vector<control::RrsetEdit>> read_edits(const nlohmann::json& body);
// That of a new zone, which may be null.
[[nodiscard]] ReadBody<std::vector<control::Rrset>> read_rrsets(const nlohmann::json& list);

// A name in a body: it must end in a dot, and be what people type (dns/typed_name.h).
[[nodiscard]] std::expected<dns::Name, std::string> read_canonical_name(const std::string& text,
                                                                        const char* what);

}  // namespace nearcast::control_api
