// SPDX-License-Identifier: Apache-2.0

#include "anycast/drain_proof.h"

#include <algorithm>

namespace nearcast::anycast {

void DrainProof::observe(base::Instant now, uint64_t query_count) {
    if (!window_start_ || query_count < count_at_start_) {
        window_start_ = now;
        count_at_start_ = query_count;
    } else if (now - *window_start_ >= kWindow) {
        close_window(now, query_count);
    }
}

void DrainProof::begin(base::Instant now) {
    has_begun_ = true;
    begun_at_ = now;
    window_start_.reset();
}

void DrainProof::close_window(base::Instant now, uint64_t query_count) {
    const std::chrono::duration<double> length = now - *window_start_;
    rate_ = static_cast<double>(query_count - count_at_start_) / length.count();
    if (!has_begun_) {
        rate_before_ = rate_;
    } else if (rate_ <= std::max(1.0, rate_before_ / 100)) {
        if (quiet_windows_++ == 0) quiet_since_ = *window_start_;
    } else {
        quiet_windows_ = 0;
    }
    window_start_ = now;
    count_at_start_ = query_count;
}

}  // namespace nearcast::anycast
