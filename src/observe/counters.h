// SPDX-License-Identifier: Apache-2.0
//
// What one worker counts of the messages that pass through it.
//
// The worker adds to them by plain stores, on cache lines of its own; any thread reads them at any
// time and finds each number right, if not all of the same instant. The guard's probes are not
// counted. How long an answer takes is not either: that would need a clock for each question.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "answer/responder.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/tally.h"
#include "dns/message.h"
#include "observe/talkers.h"
#include "observe/zone_counters.h"

namespace nearcast::observe {

// A query arrived over one of these, in one of the two families.
enum class Channel : uint8_t { Udp, Tcp, Tls };
constexpr size_t kChannelCount = 3;
constexpr size_t kFamilyCount = 2;

enum class EdnsUse : uint8_t { None, Plain, DnssecOk };
constexpr size_t kEdnsUseCount = 3;

// Types 0 to 258 have a place each, all others share one. Those of private use and the rarest are
// among these.
constexpr size_t kTypeCount = 260;
// Response codes 0 to 23 have a place each, all others share one.
constexpr size_t kRcodeCount = 25;
// A message of 2^i + 1 to 2^(i+1) bytes falls into place i, one of less than 3 bytes into the
// first.
constexpr size_t kSizeCount = 16;

struct SizeTally {
    std::array<Tally, kSizeCount> counts;
    Tally bytes;

    // At most 65,536, as each message has.
    void add(size_t size) noexcept {
        const uint64_t beyond = (size - (size > 0)) | 1;
        counts[63U ^ static_cast<size_t>(std::countl_zero(beyond))].add();
        bytes.add(size);
    }
};

// How a query came. One bit field, since one place is cheaper to find than four.
struct QueryKind {
    Channel channel = Channel::Udp;
    bool is_v6 = false;
    EdnsUse edns = EdnsUse::None;
    shield::CookieState cookie = shield::CookieState::None;
};
constexpr size_t kQueryPlaceCount = size_t{shield::kCookieStateCount} << 5;

// Where Counters::queries has an exchange, and whose queries are there.
[[nodiscard]] inline size_t query_place(const answer::Exchange& exchange) {
    const bool is_v6 = exchange.peer != nullptr && exchange.peer->sa_family == AF_INET6;
    size_t place = static_cast<size_t>(exchange.cookie);
    place = place * 2 + exchange.facts.dnssec_ok;
    place = place * 2 + exchange.facts.has_edns;
    place = place * 2 + is_v6;
    place = place * 2 + exchange.is_encrypted;
    return place * 2 + static_cast<size_t>(exchange.transport);
}
[[nodiscard]] QueryKind query_kind(size_t place);

// What a response to an ordinary query shows: its code, and three bits of it.
struct ResponseKind {
    dns::Rcode rcode = dns::Rcode::NoError;
    bool is_truncated = false;
    bool is_authoritative = false;
    bool has_answers = false;
};
constexpr size_t kResponsePlaceCount = kRcodeCount << 3;

[[nodiscard]] constexpr ResponseKind response_kind(size_t place) {
    return {.rcode = static_cast<dns::Rcode>(place >> 3),
            .is_truncated = (place & 1) != 0,
            .is_authoritative = (place & 2) != 0,
            .has_answers = (place & 4) != 0};
}
[[nodiscard]] constexpr Outcome outcome_of(const ResponseKind& kind) {
    if (kind.rcode == dns::Rcode::NXDomain) return Outcome::NXDomain;
    if (kind.rcode == dns::Rcode::ServFail) return Outcome::ServFail;
    if (kind.rcode != dns::Rcode::NoError) return Outcome::Other;
    if (kind.has_answers || kind.is_truncated) return Outcome::Answer;
    return kind.is_authoritative ? Outcome::NoData : Outcome::Referral;
}

struct alignas(64) Counters {
    explicit Counters(size_t zones_max) : zones(zones_max) {}

    // Counts an exchange that has its response, or will have none. The owner only.
    void count(const answer::Exchange& exchange) noexcept {
        if (exchange.is_probe) return;
        queries[query_place(exchange)].add();
        query_sizes.add(exchange.query.size());
        if (exchange.facts.error != dns::ParseError::None ||
            (exchange.query[kFlagsAt] & kOpcodeBits) != 0 || exchange.response_size == 0) {
            count_odd(exchange);
            return;
        }
        types[type_place(exchange)].add();
        count_response(exchange);
    }

    // Before the exchanges of a batch are counted: fetches what lies far away.
    void prefetch(std::span<const answer::Exchange> batch) const noexcept {
        if (!zones.are_many()) return;
        for (const answer::Exchange& exchange : batch) {
            zones.prefetch_place(exchange.facts.apex_hash);
        }
        for (const answer::Exchange& exchange : batch) {
            zones.prefetch_entry(exchange.facts.apex_hash);
        }
    }

    // Counts the response alone, to a query that was counted when it was handed over.
    void count_late(const answer::Exchange& exchange) noexcept;

    std::array<Tally, kQueryPlaceCount> queries;
    // Of ordinary queries that could be read; these are in no other table of what queries are.
    std::array<Tally, kTypeCount> types;
    std::array<Tally, 16> opcodes;  // Of all others.
    std::array<Tally, dns::kParseErrorCount> errors;
    // Of opcode QUERY.
    std::array<Tally, kResponsePlaceCount> responses;
    // Of all others, by the same places.
    std::array<Tally, kResponsePlaceCount> other_responses;
    Tally unanswered;   // By rule: see errors for which.
    Tally handed_over;  // To a thread that sends zones, or takes changes.
    SizeTally query_sizes;
    SizeTally response_sizes;
    ZoneCounters zones;
    Talkers talkers{base::random_u64()};

 private:
    static constexpr size_t kFlagsAt = 2;  // In a message.
    static constexpr size_t kAnswerCountAt = 6;
    static constexpr uint8_t kOpcodeBits = 0x78;

    static constexpr std::array<Outcome, kResponsePlaceCount> kOutcomes = [] {
        std::array<Outcome, kResponsePlaceCount> outcomes{};
        for (size_t place = 0; place < kResponsePlaceCount; ++place) {
            outcomes[place] = outcome_of(response_kind(place));
        }
        return outcomes;
    }();

    // Where the counts of a zone have a type.
    static constexpr std::array<uint8_t, kTypeCount> kZonePlaces = [] {
        std::array<uint8_t, kTypeCount> places{};
        places.fill(kZoneTypes.size());
        for (uint8_t i = 0; i < kZoneTypes.size(); ++i) {
            places[static_cast<size_t>(kZoneTypes[i])] = i;
        }
        return places;
    }();

    // Where `types` has the question's type.
    [[nodiscard]] static size_t type_place(const answer::Exchange& exchange) {
        return std::min(static_cast<size_t>(exchange.facts.qtype), kTypeCount - 1);
    }

    // Where the response's kind has its place.
    [[nodiscard]] static size_t response_place(const answer::Exchange& exchange) {
        const uint8_t* const response = exchange.room.data();
        const size_t flags = base::load_u16(response + kFlagsAt);
        size_t rcode = flags & dns::kRcodeMask;
        // The upper bits are in OPT, and for that we need not look.
        const auto full = static_cast<size_t>(exchange.facts.rcode);
        if (full > dns::kRcodeMask) [[unlikely]] {
            rcode = std::min((full & ~size_t{dns::kRcodeMask}) | rcode, kRcodeCount - 1);
        }
        uint16_t answer_count = 0;  // In whatever order of bytes.
        std::memcpy(&answer_count, response + kAnswerCountAt, sizeof answer_count);
        return rcode * 8 + (answer_count != 0 ? 4 : 0) + (flags >> 9 & 3);
    }

    void count_response(const answer::Exchange& exchange) noexcept {
        const size_t place = response_place(exchange);
        responses[place].add();
        response_sizes.add(exchange.response_size);
        const uint64_t apex_hash = exchange.facts.apex_hash;
        if (apex_hash != 0) {
            zones.count(apex_hash, kOutcomes[place], kZonePlaces[type_place(exchange)]);
        }
    }
    void count_other_response(const answer::Exchange& exchange) noexcept {
        other_responses[response_place(exchange)].add();
        response_sizes.add(exchange.response_size);
    }
    // What is no ordinary query, or has no response.
    void count_odd(const answer::Exchange& exchange) noexcept;
};

}  // namespace nearcast::observe
