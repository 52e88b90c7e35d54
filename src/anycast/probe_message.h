// SPDX-License-Identifier: Apache-2.0
//
// The guard's question to a worker, and the worker's answer, as DNS messages.
//
// The question bears a private EDNS option with a token that guard and server share; the answer
// bears the same option with the number of the worker that gave it.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rr_type.h"

namespace nearcast::anycast {

using ProbeToken = std::array<uint8_t, 16>;

// What is asked: the SOA of a zone, or id.server in class CH, which every server knows.
struct ProbeQuestion {
    dns::Name name;
    dns::RRType type = dns::RRType::TXT;
    dns::RRClass rr_class = dns::RRClass::CH;
    bool must_be_authoritative = false;

    // `zone` empty: id.server.
    [[nodiscard]] static base::Result<ProbeQuestion> for_zone(const std::string& zone);
};

struct ProbeAnswer {
    uint16_t id = 0;
    uint16_t worker = 0;
    bool is_right = false;  // What a healthy server would say; any other answer is still an answer.
};

[[nodiscard]] std::vector<uint8_t> build_probe(const ProbeQuestion& question, uint16_t id,
                                               const ProbeToken& token);

// None when the message is no response, is malformed, or names no worker.
[[nodiscard]] std::optional<ProbeAnswer> read_probe_answer(const ProbeQuestion& question,
                                                           std::span<const uint8_t> message);

}  // namespace nearcast::anycast
