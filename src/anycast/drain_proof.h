// SPDX-License-Identifier: Apache-2.0
//
// Judges from the server's query counter whether the traffic has left a drained node.
//
// Feed it the counter now and then: first some readings before the drain, then begin(), then more.
// The traffic has left once the rate has stayed below a hundredth of what it was, or below one
// query a second, for a few windows in a row. Pure: callers pass the time.

#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace nearcast::anycast {

class DrainProof {
 public:
    // A reading of the counter. One that is lower than the last (a new server) starts a new window.
    void observe(base::Instant now, uint64_t query_count);

    // From here on the node is drained.
    void begin(base::Instant now);

    [[nodiscard]] bool has_left() const { return quiet_windows_ >= kQuietWindows; }
    [[nodiscard]] double rate_before() const { return rate_before_; }  // Queries a second.
    [[nodiscard]] double rate() const { return rate_; }
    // From begin() to the first window of the quiet that followed; meaningful when has_left().
    [[nodiscard]] base::Duration time_to_quiet() const { return quiet_since_ - begun_at_; }

 private:
    static constexpr base::Duration kWindow = std::chrono::seconds(1);
    static constexpr int kQuietWindows = 3;  // A pause between two bursts is not quiet.

    void close_window(base::Instant now, uint64_t query_count);

    std::optional<base::Instant> window_start_;
    uint64_t count_at_start_ = 0;
    double rate_before_ = 0;
    double rate_ = 0;
    bool has_begun_ = false;
    base::Instant begun_at_{};
    base::Instant quiet_since_{};
    int quiet_windows_ = 0;
};

}  // namespace nearcast::anycast
