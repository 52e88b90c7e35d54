// SPDX-License-Identifier: Apache-2.0
//
// Reading answers, for probes and for an operator who asks from the command line.
//
// Not for the path of a query: every record is copied out, its names expanded.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/message.h"
#include "dns/record.h"

namespace nearcast::dns {

struct Question {
    Name name;
    RRType type = RRType::None;
    RRClass rr_class = RRClass::IN;
};

struct Response {
    Header header;
    Rcode rcode = Rcode::NoError;  // With the upper bits that OPT carries.
    std::vector<Question> questions;
    std::vector<Record> answer;
    std::vector<Record> authority;
    std::vector<Record> additional;  // Without OPT. TSIG and others keep their class field.
    bool has_edns = false;
    uint8_t edns_version = 0;
    bool dnssec_ok = false;
    uint16_t udp_payload = 0;
    std::vector<uint8_t> options;  // The data of OPT, whole options.

    [[nodiscard]] bool is_authoritative() const { return (header.flags & kFlagAa) != 0; }
    [[nodiscard]] bool is_truncated() const { return (header.flags & kFlagTc) != 0; }

    // The data of the first option with this code; it lies in `options`.
    [[nodiscard]] std::optional<std::span<const uint8_t>> option(uint16_t code) const;
};

// Reads a whole message that has QR set. Memory grows with the message, at most some 60 times its
// size, whatever its counts claim.
[[nodiscard]] base::Result<Response> read_response(std::span<const uint8_t> message);

// "www.example.org. 300 IN A 192.0.2.1"
[[nodiscard]] std::string to_text(const Record& record);

}  // namespace nearcast::dns
