// SPDX-License-Identifier: Apache-2.0

#include "core_keeper.h"

#include <string>

#include "base/log.h"
#include "base/side_by_side.h"
#include "serve/core_arrivals.h"

namespace nearcast::app {
namespace {

namespace log = base::log;

void log_unavailable(const std::string& reason, const std::string& way_out) {
    log::warning("by_core_unavailable", {{"reason", reason},
                                         {"try", way_out},
                                         {"next", "a hash spreads queries over the workers"}});
}

}  // namespace

// More workers than cores share them as ever: the kernel would give some of them nothing to do.
// Queues of AF_XDP belong to workers anyway, so who has them is only asked to stay.
CoreKeeper::CoreKeeper(const serve::ServeConfig& config, Workers workers,
                       std::span<const base::Pulse> pulses)
    : workers_(workers), pulses_(pulses), usable_(base::usable_core_numbers()) {
    const bool has_cores = usable_.size() >= workers.size();
    if (has_cores) cores_.assign(usable_.begin(), usable_.begin() + std::ssize(workers));
    if (config.by_core.value_or(false) && has_cores) {
        go_by_core("by_core is set");
    } else if (config.by_core.value_or(false)) {
        const std::string cores = std::to_string(usable_.size());
        log_unavailable(std::to_string(workers.size()) + " workers and " + cores + " cores",
                        "threads = " + cores + " in [serve]");
    } else if (!config.by_core && has_cores && workers.size() >= 2 && config.xdp.empty()) {
        spread_.emplace(cores_);
        due_ = base::now();
    }
}

void CoreKeeper::look(base::Instant now) {
    if (!spread_ || now < due_) return;
    due_ = now + serve::CoreSpread::kInterval;
    serve::CoreSpread::Seen seen{.arrivals = serve::read_core_arrivals(), .answers = {}};
    for (size_t i = 0; i < workers_.size(); ++i) {
        seen.answers.push_back(pulses_[i].queries.load(std::memory_order_relaxed));
    }
    if (!spread_->look(std::move(seen), now)) return;
    if (spread_->is_by_core()) {
        go_by_core("cores receive about the same");
    } else {
        go_by_hash("workers do not answer about the same");
    }
}

void CoreKeeper::go_by_core(const char* reason) {
    // It is said for all workers of an address at once.
    if (const auto done = workers_.front()->spread_by_core(cores_); !done) {
        workers_.front()->spread_by_hash();
        spread_.reset();
        due_ = base::Instant::max();
        return log_unavailable(done.error().message, done.error().hint);
    }
    for (size_t i = 0; i < workers_.size(); ++i) {
        workers_[i]->stay_on(std::span(cores_).subspan(i, 1));
    }
    is_by_core_.store(true, std::memory_order_relaxed);
    log::info("workers_by_core", {{"reason", reason}});
}

void CoreKeeper::go_by_hash(const char* reason) {
    workers_.front()->spread_by_hash();
    for (const auto& worker : workers_) worker->stay_on(usable_);
    is_by_core_.store(false, std::memory_order_relaxed);
    log::info("workers_by_hash", {{"reason", reason}});
}

}  // namespace nearcast::app
