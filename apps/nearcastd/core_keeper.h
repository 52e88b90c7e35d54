// SPDX-License-Identifier: Apache-2.0
//
// Whether each worker stays on a core and answers what that core receives: as `by_core` in [serve]
// says, else as the traffic says.

#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "serve/core_spread.h"
#include "serve/serve_config.h"
#include "serve/worker.h"

namespace nearcast::app {

class CoreKeeper {
 public:
    using Workers = std::span<const std::unique_ptr<serve::Worker>>;

    // Once the workers are started, in the order in which they were opened. They outlive the
    // keeper.
    CoreKeeper(const serve::ServeConfig& config, Workers workers);

    // Call when it is due, or earlier.
    void look(base::Instant now);
    // Instant::max() where nothing is to be decided.
    [[nodiscard]] base::Instant due() const { return due_; }

    // Any thread.
    [[nodiscard]] bool is_by_core() const { return is_by_core_.load(std::memory_order_relaxed); }

 private:
    void go_by_core(const char* reason);
    void go_by_hash(const char* reason);
    // What the hash gives them, on whatever core.
    void release_workers();
    // As far as it came, it is taken back, and not tried again.
    void give_up(const base::Error& why);

    Workers workers_;
    std::vector<unsigned> cores_;  // One for each worker.
    std::optional<serve::CoreSpread> spread_;
    base::Instant due_ = base::Instant::max();
    std::atomic<bool> is_by_core_ = false;
};

}  // namespace nearcast::app
