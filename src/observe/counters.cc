// SPDX-License-Identifier: Apache-2.0

#include "observe/counters.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"

namespace nearcast::observe {
namespace {

constexpr size_t kFlagsAt = 2;  // In a message.
constexpr size_t kAnswerCountAt = 6;

QueryKind kind_of(const answer::Exchange& exchange) {
    QueryKind kind;
    if (exchange.transport == answer::Transport::Tcp) {
        kind.channel = exchange.is_encrypted ? Channel::Tls : Channel::Tcp;
    }
    kind.is_v6 = exchange.peer != nullptr && exchange.peer->sa_family == AF_INET6;
    if (exchange.facts.has_edns) {
        kind.edns = exchange.facts.dnssec_ok ? EdnsUse::DnssecOk : EdnsUse::Plain;
    }
    kind.cookie = exchange.cookie;
    return kind;
}

Outcome outcome_of(dns::Rcode rcode, uint16_t flags, uint16_t answer_count) {
    if (rcode == dns::Rcode::NXDomain) return Outcome::NXDomain;
    if (rcode == dns::Rcode::ServFail) return Outcome::ServFail;
    if (rcode != dns::Rcode::NoError) return Outcome::Other;
    if (answer_count > 0 || (flags & dns::kFlagTc) != 0) return Outcome::Answer;
    return (flags & dns::kFlagAa) != 0 ? Outcome::NoData : Outcome::Referral;
}

}  // namespace

void SizeTally::add(size_t size) noexcept {
    counts[std::min(kSizeCount - 1, static_cast<size_t>(std::bit_width(size - (size > 0))))].add();
    bytes.add(size);
}

void Counters::count(const answer::Exchange& exchange) noexcept {
    if (exchange.is_probe) return;
    const answer::Facts& facts = exchange.facts;
    queries[query_place(kind_of(exchange))].add();
    query_sizes.add(exchange.query.size());
    auto opcode = dns::Opcode::Query;
    if (facts.error == dns::ParseError::None) {
        opcode = static_cast<dns::Opcode>(exchange.query[kFlagsAt] >> 3 & 0xF);
        if (opcode == dns::Opcode::Query) {
            types[std::min(static_cast<size_t>(facts.qtype), kTypeCount - 1)].add();
        }
    } else {
        errors[static_cast<size_t>(facts.error)].add();
        if (exchange.query.size() < dns::kHeaderSize) {
            unanswered.add();
            return;
        }
        opcode = static_cast<dns::Opcode>(exchange.query[kFlagsAt] >> 3 & 0xF);
    }
    opcodes[static_cast<size_t>(opcode)].add();
    if (exchange.response_size > 0) {
        count_response(exchange, opcode);
    } else if (exchange.takes_connection || exchange.takes_datagram) {
        handed_over.add();
    } else {
        unanswered.add();
    }
}

void Counters::count_response(const answer::Exchange& exchange, dns::Opcode opcode) noexcept {
    const uint8_t* const response = exchange.room.data();
    const uint16_t flags = base::load_u16(response + kFlagsAt);
    // The upper bits are in OPT, and for that we need not look.
    const auto rcode =
        static_cast<dns::Rcode>((static_cast<uint16_t>(exchange.facts.rcode) & ~dns::kRcodeMask) |
                                (flags & dns::kRcodeMask));
    rcodes[std::min(static_cast<size_t>(rcode), kRcodeCount - 1)].add();
    response_sizes.add(exchange.response_size);
    if ((flags & dns::kFlagTc) != 0) truncated.add();
    if (opcode != dns::Opcode::Query) return;
    const Outcome outcome = outcome_of(rcode, flags, base::load_u16(response + kAnswerCountAt));
    outcomes[static_cast<size_t>(outcome)].add();
    if (exchange.facts.apex_hash != 0) zones.count(exchange.facts.apex_hash, outcome);
}

}  // namespace nearcast::observe
