// SPDX-License-Identifier: Apache-2.0
//
// What a responder has found out about an exchange and its messages do not show at once: for those
// who count.

#pragma once

#include <cstdint>

#include "dns/header.h"
#include "dns/message.h"

namespace nearcast::answer {

struct Facts {
    dns::ParseError error = dns::ParseError::None;
    bool has_edns = false;
    bool dnssec_ok = false;
    dns::RRType qtype = dns::RRType::None;   // Without an error.
    dns::Rcode rcode = dns::Rcode::NoError;  // With the bits that OPT has.
    uint64_t apex_hash = 0;  // Of the zone that was asked (HashedName::hash()); 0: none of ours.
};

}  // namespace nearcast::answer
