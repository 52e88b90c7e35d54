// SPDX-License-Identifier: Apache-2.0
//
// When a secondary asks its primaries again, and when it must stop answering (RFC 1034 §4.3.5).
//
// Pure: callers pass the time and the chance. Chance spreads the questions of many zones, so that
// they do not all come in the same second for ever.

#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "zone/version.h"

namespace nearcast::transfer {

// What the SOA says about refreshing, in seconds.
struct SoaTimers {
    uint32_t serial = 0;
    uint32_t refresh = 0;
    uint32_t retry = 0;
    uint32_t expire = 0;
};

// `rdata` is that of a valid SOA record.
[[nodiscard]] SoaTimers read_soa_timers(std::span<const uint8_t> rdata);
// Of a version that has data.
[[nodiscard]] SoaTimers read_soa_timers(const zone::Version& version);

class RefreshSchedule {
 public:
    // No primary, however set up, makes us ask more often than once in this time, or wait longer.
    static constexpr std::chrono::seconds kPauseMin{1};
    static constexpr std::chrono::hours kPauseMax{24};
    // After a failure, the first in a row: the primary had too much to do just then, perhaps.
    // Without data there is no SOA to tell the next one: it doubles from the first to the second.
    static constexpr std::chrono::seconds kFirstPause{2};
    static constexpr std::chrono::minutes kFirstPauseMax{5};

    // Without data, due at once.
    explicit RefreshSchedule(base::Instant now) : next_at_(now) {}

    // A primary has confirmed at `confirmed_at` the zone that has these timers. `chance` is in
    // [0, 1), here and below.
    void succeed(const SoaTimers& timers, base::Instant confirmed_at, double chance);
    // The primary itself has less time left than its SOA gives (RFC 7314): neither have we more.
    void expire_by(base::Instant limit) { expires_at_ = std::min(expires_at_, limit); }
    void fail(base::Instant now, double chance);
    // A primary says that there is something new.
    void hasten(base::Instant now) { next_at_ = now; }
    // The data are too old to be answered with.
    void expire() { has_data_ = false; }

    [[nodiscard]] bool has_data() const { return has_data_; }
    [[nodiscard]] base::Instant next_at() const { return next_at_; }
    // Meaningful with data.
    [[nodiscard]] base::Instant expires_at() const { return expires_at_; }

 private:
    SoaTimers timers_;
    bool has_data_ = false;
    uint32_t failures_ = 0;  // In a row.
    base::Instant next_at_;
    base::Instant expires_at_{};
};

}  // namespace nearcast::transfer
