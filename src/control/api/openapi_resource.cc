// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/openapi.json: what this API can do, for programs. It tells nothing of what is in it.

#include "control/api/api.h"
#include "control/api/reply.h"

namespace nearcast::control_api {

Response Api::show_description(const Call&) {
    std::vector<DescribedRoute> described;
    for (const Route& route : kRoutes) {
        described.push_back({.method = route.method,
                             .pattern = route.pattern,
                             .right = route.right ? to_text(*route.right) : "",
                             .text = route.text});
    }
    return json_reply(200, describe_api(described, partners_.version));
}

}  // namespace nearcast::control_api
