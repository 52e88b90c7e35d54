// SPDX-License-Identifier: Apache-2.0
//
// Who serves a change since when, as JSON; and whether those serve it whom a request waits for.

#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "control/api/http_message.h"
#include "control/change_error.h"
#include "control/network.h"
#include "control/receipts.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// Longer a request is not kept; whoever wants to wait on asks again.
constexpr std::chrono::seconds kWaitMax{60};
constexpr std::chrono::seconds kWaitUsual{10};

// For whom a request waits.
struct Awaited {
    enum class Who : uint8_t {
        All,
        Quorum,
        Pop,
        Controller,  // Which has published the change: no node is waited for.
    };

    Who who = Who::All;
    std::string pop = {};
    std::chrono::seconds limit = kWaitUsual;
};

// The parameters wait and timeout; nothing without wait. 400 when one is wrong.
[[nodiscard]] std::expected<std::optional<Awaited>, Response> read_wait(const Request& request);

// Whether there is anybody to wait for: any node, be it that it joined at another controller a
// moment ago.
[[nodiscard]] bool has_nodes(control::Network& network, const Awaited& awaited);

// Every place with nodes, and when they served the change.
[[nodiscard]] control::Outcome<nlohmann::json> receipts_json(control::Network& network,
                                                             control::Receipts& receipts,
                                                             uint64_t sequence,
                                                             const dns::Name& zone);
// Of what receipts_json() gave.
[[nodiscard]] bool is_served(const nlohmann::json& receipts, const Awaited& awaited);
// The same: the nodes that do not serve it of those places, with commas between; the first 50.
[[nodiscard]] std::string lagging_nodes(const nlohmann::json& receipts, const Awaited& awaited);

}  // namespace nearcast::control_api
