// SPDX-License-Identifier: Apache-2.0
//
// What an update asks for, judged and carried out as RFC 2136 §3 says. Pure: no socket, no clock.
//
// The order is the RFC's: prerequisites, form of the updates, permission (by the caller, between
// the two), then the updates one after the other, each upon what those before it have left.

#pragma once

#include <span>

#include "dns/header.h"
#include "dns/record.h"
#include "transfer/zone_edit.h"

namespace nearcast::transfer {

// §3.2: NOERROR when all hold, or what to answer.
[[nodiscard]] dns::Rcode check_prerequisites(std::span<const dns::Record> prerequisites,
                                             const dns::Name& zone, ZoneEdit& edit);

// §3.4.1: NOERROR when all are of a form that can be carried out.
[[nodiscard]] dns::Rcode check_updates(std::span<const dns::Record> updates, const dns::Name& zone);

// §3.4.2: carries out updates that check_updates() passed. A SOA counts when it is later than the
// `newest` that anybody has, mostly that of the zone. True when one of them so set the serial.
bool apply_updates(std::span<const dns::Record> updates, const dns::Name& zone, uint32_t newest,
                   ZoneEdit& edit);

// The same, and §3.6: raises the serial to one more than the newest when the zone has changed and
// none of them raised it.
void carry_out_updates(std::span<const dns::Record> updates, const dns::Name& zone, uint32_t newest,
                       ZoneEdit& edit);

}  // namespace nearcast::transfer
