// SPDX-License-Identifier: Apache-2.0
//
// One resource record, as zone files and transfers give it and zones are built from it.

#pragma once

#include <cstdint>
#include <vector>

#include "dns/name.h"
#include "dns/rr_type.h"

namespace nearcast::dns {

constexpr uint32_t kTtlMax = 0x7FFFFFFF;  // RFC 2181 §8.
constexpr size_t kRdataSizeMax = 65535;   // Its length has sixteen bits (RFC 1035 §3.2.1).

struct Record {
    Name owner;
    RRType type = RRType::None;
    RRClass rr_class = RRClass::IN;
    uint32_t ttl = 0;
    std::vector<uint8_t> rdata;  // Wire form; names in it are not compressed and keep their case.
};

}  // namespace nearcast::dns
