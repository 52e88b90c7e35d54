// SPDX-License-Identifier: Apache-2.0

#include "observe/counters.h"

namespace nearcast::observe {

QueryKind query_kind(size_t place) {
    QueryKind kind;
    if ((place & 1) != 0) kind.channel = (place & 2) != 0 ? Channel::Tls : Channel::Tcp;
    kind.is_v6 = (place & 4) != 0;
    if ((place & 8) != 0) kind.edns = (place & 16) != 0 ? EdnsUse::DnssecOk : EdnsUse::Plain;
    kind.cookie = static_cast<shield::CookieState>(place >> 5);
    return kind;
}

void Counters::count_odd(const answer::Exchange& exchange) noexcept {
    const answer::Facts& facts = exchange.facts;
    const bool is_readable = facts.error == dns::ParseError::None;
    if (!is_readable) errors[static_cast<size_t>(facts.error)].add();
    if (exchange.query.size() < dns::kHeaderSize) {
        unanswered.add();
        return;
    }
    const size_t opcode = (exchange.query[kFlagsAt] & kOpcodeBits) >> 3;
    const bool is_query = opcode == static_cast<size_t>(dns::Opcode::Query);
    if (is_query && is_readable) {
        types[type_place(exchange)].add();
    } else {
        opcodes[opcode].add();
    }
    if (exchange.response_size == 0) {
        (exchange.takes_connection || exchange.takes_datagram ? handed_over : unanswered).add();
    } else if (is_query) {
        count_response(exchange);
    } else {
        count_other_response(exchange);
    }
}

void Counters::count_late(const answer::Exchange& exchange) noexcept {
    if (exchange.response_size == 0) return;
    const bool is_query = (exchange.query[kFlagsAt] & kOpcodeBits) == 0;
    if (is_query) {
        count_response(exchange);
    } else {
        count_other_response(exchange);
    }
}

}  // namespace nearcast::observe
