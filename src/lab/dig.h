// SPDX-License-Identifier: Apache-2.0
//
// One question asked from one city, and the answer in full.

#pragma once

#include <string>

#include "base/result.h"
#include "dns/response.h"
#include "lab/plan.h"

namespace nearcast::lab {

struct DigQuestion {
    size_t city = 0;  // Index of a router.
    dns::Name name;
    dns::RRType type = dns::RRType::A;
    base::SocketAddress server;
};

struct DigAnswer {
    dns::Response response;
    size_t size = 0;
    double rtt_ms = 0;
    bool came_over_tcp = false;  // The answer over UDP was truncated.
    std::string server;          // The NSID.
};

// Three attempts over UDP, then TCP if the answer says so. An error says that nobody answered.
[[nodiscard]] base::Result<DigAnswer> dig(const Plan& plan, const DigQuestion& question);

// As people know it from dig, then who answered and how fast.
[[nodiscard]] std::string dig_text(const Plan& plan, const DigQuestion& question,
                                   const DigAnswer& answer);
[[nodiscard]] std::string dig_json(const Plan& plan, const DigQuestion& question,
                                   const DigAnswer& answer);

}  // namespace nearcast::lab
