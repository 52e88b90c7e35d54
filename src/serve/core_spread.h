// SPDX-License-Identifier: Apache-2.0
//
// Decides whether workers answer what their cores receive, or what a hash gives them.
//
// By core is cheaper by half and more (docs/internals/benchmarks.md), but only where the network
// card spreads packets over the cores: else one worker would do everything. So a busy server goes
// by core once its cores are seen to receive about the same, and back to the hash once its workers
// are seen not to answer about the same. Pure: no clock, no socket.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "serve/core_arrivals.h"

namespace nearcast::serve {

class CoreSpread {
 public:
    // How long after one look the next is due.
    static constexpr std::chrono::milliseconds kInterval{250};
    // Less than this many answers between two looks say nothing about the next ones.
    static constexpr uint64_t kAnswersMin = 1000;

    // The core of each worker; two or more, each another.
    explicit CoreSpread(std::vector<unsigned> cores);

    // Totals at one moment.
    struct Seen {
        CoreArrivals arrivals;
        std::vector<uint64_t> answers;  // Of each worker.
    };
    // True when is_by_core() has changed: two looks in a row said so.
    [[nodiscard]] bool look(Seen seen, base::Instant now);

    // Not at first.
    [[nodiscard]] bool is_by_core() const { return is_by_core_; }

 private:
    [[nodiscard]] bool should_change(const Seen& seen, base::Instant now) const;
    [[nodiscard]] bool do_cores_receive_alike(const CoreArrivals& now) const;
    void change(base::Instant now);

    std::vector<unsigned> cores_;
    bool is_by_core_ = false;
    bool has_seen_ = false;
    Seen seen_;              // At the look before.
    unsigned looks_ = 0;     // In a row that spoke for a change.
    base::Instant since_{};  // Of the last change.
    // What was tried in vain is tried again later and later.
    base::Duration pause_{0};
};

}  // namespace nearcast::serve
