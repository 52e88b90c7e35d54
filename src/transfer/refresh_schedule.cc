// SPDX-License-Identifier: Apache-2.0

#include "transfer/refresh_schedule.h"

#include <algorithm>
#include <cassert>

#include "base/bytes.h"
#include "zone/image_records.h"

namespace nearcast::transfer {
namespace {

using std::chrono::seconds;

constexpr size_t kNumbersSize = 20;  // Serial, refresh, retry, expire, minimum.
constexpr double kSpread = 0.25;     // Of a pause is left to chance.

base::Duration shortened(base::Duration pause, double chance) {
    const auto kept = std::chrono::duration<double>(pause) * (1.0 - kSpread * chance);
    return std::chrono::duration_cast<base::Duration>(kept);
}

}  // namespace

SoaTimers read_soa_timers(std::span<const uint8_t> rdata) {
    assert(rdata.size() >= kNumbersSize);
    const uint8_t* const at = rdata.data() + rdata.size() - kNumbersSize;
    return {base::load_u32(at), base::load_u32(at + 4), base::load_u32(at + 8),
            base::load_u32(at + 12)};
}

SoaTimers read_soa_timers(const zone::Version& version) {
    uint32_t ttl = 0;
    return read_soa_timers(zone::soa_rdata(version, ttl));
}

void RefreshSchedule::succeed(const SoaTimers& timers, base::Instant confirmed_at, double chance) {
    timers_ = timers;
    has_data_ = true;
    failures_ = 0;
    const base::Duration pause =
        std::clamp<base::Duration>(seconds(timers.refresh), kPauseMin, kPauseMax);
    next_at_ = confirmed_at + shortened(pause, chance);
    expires_at_ = confirmed_at + std::max<base::Duration>(seconds(timers.expire), kPauseMin);
}

void RefreshSchedule::fail(base::Instant now, double chance) {
    base::Duration pause = std::clamp<base::Duration>(seconds(timers_.retry), kPauseMin, kPauseMax);
    if (has_data_ && failures_ == 0) pause = std::min<base::Duration>(pause, kFirstPause);
    if (!has_data_) {
        constexpr uint32_t kDoublingsMax = 8;  // Beyond the longest pause.
        pause = std::min<base::Duration>(kFirstPause * (1 << std::min(failures_, kDoublingsMax)),
                                         kFirstPauseMax);
    }
    ++failures_;
    next_at_ = now + shortened(pause, chance);
}

}  // namespace nearcast::transfer
