// SPDX-License-Identifier: Apache-2.0
//
// What one worker counts of the messages that pass through it.
//
// The worker adds to them by plain stores, on cache lines of its own; any thread reads them at any
// time and finds each number right, if not all of the same instant. The guard's probes are not
// counted. How long an answer takes is not either: that would need a clock for each question.

#pragma once

#include <array>
#include <cstdint>

#include "answer/responder.h"
#include "dns/message.h"
#include "observe/tally.h"
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
// A message of 2^(i-1) + 1 to 2^i bytes falls into place i.
constexpr size_t kSizeCount = 17;

struct SizeTally {
    std::array<Tally, kSizeCount> counts;
    Tally bytes;

    void add(size_t size) noexcept;
};

struct alignas(64) Counters {
    explicit Counters(size_t zones_max) : zones(zones_max) {}

    // Counts an exchange that has its response, or will have none. The owner only.
    void count(const answer::Exchange& exchange) noexcept;

    // In one table, since one place is cheaper to find than four: see query_place().
    std::array<Tally, kChannelCount * kFamilyCount * kEdnsUseCount * shield::kCookieStateCount>
        queries;
    std::array<Tally, 16> opcodes;
    std::array<Tally, kTypeCount> types;  // Of ordinary queries that could be read.
    std::array<Tally, dns::kParseErrorCount> errors;
    std::array<Tally, kRcodeCount> rcodes;
    std::array<Tally, kOutcomeCount> outcomes;
    Tally truncated;
    Tally unanswered;   // By rule: see errors for which.
    Tally handed_over;  // To a thread that sends zones, or takes changes.
    SizeTally query_sizes;
    SizeTally response_sizes;
    ZoneCounters zones;

 private:
    void count_response(const answer::Exchange& exchange, dns::Opcode opcode) noexcept;
};

struct QueryKind {
    Channel channel = Channel::Udp;
    bool is_v6 = false;
    EdnsUse edns = EdnsUse::None;
    shield::CookieState cookie = shield::CookieState::None;
};

// Where Counters::queries has the queries of one kind.
[[nodiscard]] constexpr size_t query_place(const QueryKind& kind) {
    const size_t place = static_cast<size_t>(kind.channel) * kFamilyCount + kind.is_v6;
    return (place * kEdnsUseCount + static_cast<size_t>(kind.edns)) * shield::kCookieStateCount +
           static_cast<size_t>(kind.cookie);
}

}  // namespace nearcast::observe
