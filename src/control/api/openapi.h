// SPDX-License-Identifier: Apache-2.0
//
// The description of the API as OpenAPI 3.1 has it: made from the routes, so that it describes what
// is there. The shapes of bodies stand in openapi_schemas.cc.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// What is told of one route beside its method and path.
struct RouteText {
    const char* summary = "";
    const char* takes = "";  // The schema of its body; empty: none. "[Name]" is a list.
    const char* gives = "";  // The same of its answer. Empty: no body; "text": plain text.
    int status = 200;        // Of success.
    const char* query = "";  // Parameters, a space between.
};

struct DescribedRoute {
    std::string_view method;
    std::string_view pattern;  // "api/v1/pops/:pop"
    std::string_view right;    // What a key needs; empty: no key.
    RouteText text;
};

[[nodiscard]] nlohmann::json describe_api(std::span<const DescribedRoute> routes,
                                          const std::string& version);

// The schemas, as a JSON object.
extern const std::string_view kSchemas;

}  // namespace nearcast::control_api
