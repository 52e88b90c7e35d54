// SPDX-License-Identifier: Apache-2.0
//
// The sections of an UPDATE message (RFC 2136 §2), taken apart; what they ask for is judged later.
//
// Memory grows with the message, at most some 30 times its size.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/message.h"
#include "dns/record.h"

namespace nearcast::transfer {

// A record with class ANY or NONE may have no data where its type wants some: then `rdata` is
// empty.
struct UpdateMessage {
    std::vector<dns::Record> prerequisites;
    std::vector<dns::Record> updates;
};

// Reads the sections of `message`, of which parse_query() made `query`. False when a record is not
// one of its type (FORMERR). TTLs are as they were sent.
[[nodiscard]] bool read_update(const dns::Query& query, std::span<const uint8_t> message,
                               UpdateMessage& update);

}  // namespace nearcast::transfer
