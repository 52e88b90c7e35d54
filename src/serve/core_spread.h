// SPDX-License-Identifier: Apache-2.0
//
// Decides whether workers answer what their cores receive, or what a hash gives them.
//
// By core is cheaper by half and more (docs/internals/benchmarks.md), but only where the network
// card spreads packets over the cores: else some workers would do everything. So a busy server goes
// by core once its cores are seen to receive about the same, and back to the hash once one of its
// cores or workers has far more than its share, or next to nothing. Pure: no clock, no socket.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "serve/core_arrivals.h"

namespace nearcast::serve {

class CoreSpread {
 public:
    // Between looks at a busy server.
    static constexpr std::chrono::milliseconds kInterval{250};
    // While there is little to see.
    static constexpr std::chrono::milliseconds kIdleInterval{1000};
    // So many messages for each worker between two looks, or they say nothing about the next ones:
    // few enough that chance makes no share look twice as large as it is.
    static constexpr uint64_t kMessagesMin = 500;

    // The core of each worker; two or more, each another.
    explicit CoreSpread(std::vector<unsigned> cores);

    // Totals at one moment.
    struct Seen {
        CoreArrivals arrivals;
        std::vector<uint64_t> messages;  // Datagrams that each worker has taken from sockets.
    };
    // True when is_by_core() has changed: two looks in a row said so.
    [[nodiscard]] bool look(Seen seen, base::Instant now);

    // How long after the last look the next one is due.
    [[nodiscard]] std::chrono::milliseconds interval() const {
        return was_busy_ ? kInterval : kIdleInterval;
    }

    // Not at first.
    [[nodiscard]] bool is_by_core() const { return is_by_core_; }

 private:
    // Of the time between two looks.
    [[nodiscard]] bool should_change(const Seen& between, base::Instant now) const;
    // How packets are shared among the workers' cores; nothing where others receive as much.
    [[nodiscard]] std::optional<std::vector<uint64_t>> shares(const CoreArrivals& between) const;
    void change(base::Instant now);

    std::vector<unsigned> cores_;
    bool is_by_core_ = false;
    std::optional<Seen> seen_;  // At the look before.
    bool was_busy_ = false;     // Between the last two looks.
    unsigned looks_ = 0;        // In a row that spoke for a change.
    base::Instant since_{};     // Of the last change.
    // What was tried in vain is tried again later and later.
    base::Duration pause_{0};
};

}  // namespace nearcast::serve
