// SPDX-License-Identifier: Apache-2.0
//
// Lists by pages: ?limit=N of the items behind ?after=ITEM, with a Link to the next.

#pragma once

#include "control/api/http_message.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// The page that is asked for; all of the list when none is. It is in the order of `member` of its
// items, a name or a number.
[[nodiscard]] Response page_reply(const Request& request, nlohmann::json list, const char* member);

}  // namespace nearcast::control_api
