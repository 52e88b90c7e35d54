// SPDX-License-Identifier: Apache-2.0

#include "core_keeper.h"

#include <algorithm>
#include <string>

#include "base/log.h"
#include "base/side_by_side.h"
#include "serve/core_arrivals.h"

namespace nearcast::app {
namespace {

namespace log = base::log;

void log_unavailable(const base::Error& why) {
    log::warning("by_core_unavailable", {{"reason", why.message},
                                         {"try", why.hint},
                                         {"next", "a hash spreads queries over the workers"}});
}

bool has_queues(const std::unique_ptr<serve::Worker>& worker) { return worker->has_queues(); }

}  // namespace

// More workers than cores share them as ever: the kernel would give some of them nothing to do.
// Queues of AF_XDP belong to workers anyway, so who has them is only asked to stay.
CoreKeeper::CoreKeeper(const serve::ServeConfig& config, Workers workers) : workers_(workers) {
    const std::vector<unsigned> usable = base::usable_core_numbers();
    const bool is_wanted = config.by_core.value_or(false);
    if (usable.size() < workers.size()) {
        const std::string cores = std::to_string(usable.size());
        if (!is_wanted) return;
        log_unavailable({std::to_string(workers.size()) + " workers and " + cores + " cores",
                         "threads = " + cores + " in [serve]"});
        return;
    }
    cores_.assign(usable.begin(), usable.begin() + std::ssize(workers));
    if (is_wanted) {
        go_by_core("by_core is set");
    } else if (!config.by_core && workers.size() >= 2 &&
               std::ranges::none_of(workers, has_queues)) {
        spread_.emplace(cores_);
        due_ = base::now();
    }
}

void CoreKeeper::look(base::Instant now) {
    if (!spread_ || now < due_) return;
    serve::CoreSpread::Seen seen{.arrivals = serve::read_core_arrivals(), .messages = {}};
    for (const auto& worker : workers_) seen.messages.push_back(worker->datagram_count());
    const bool has_changed = spread_->look(std::move(seen), now);
    due_ = now + spread_->interval();
    if (!has_changed) return;
    if (spread_->is_by_core()) {
        go_by_core("cores receive about the same");
    } else {
        go_by_hash("cores or workers are far from the same");
    }
}

void CoreKeeper::go_by_core(const char* reason) {
    // It is said for all workers of an address at once.
    if (const auto done = workers_.front()->spread_by_core(cores_); !done) {
        return give_up(done.error());
    }
    for (size_t i = 0; i < workers_.size(); ++i) {
        if (workers_[i]->stay_on(cores_[i])) continue;
        return give_up({"a worker may not stay on core " + std::to_string(cores_[i]),
                        "let the process choose its cores, or by_core = false in [serve]"});
    }
    is_by_core_.store(true, std::memory_order_relaxed);
    log::info("workers_by_core", {{"reason", reason}});
}

void CoreKeeper::release_workers() {
    workers_.front()->spread_by_hash();
    for (const auto& worker : workers_) worker->roam();
}

void CoreKeeper::give_up(const base::Error& why) {
    release_workers();
    spread_.reset();
    due_ = base::Instant::max();
    log_unavailable(why);
}

void CoreKeeper::go_by_hash(const char* reason) {
    release_workers();
    is_by_core_.store(false, std::memory_order_relaxed);
    log::info("workers_by_hash", {{"reason", reason}});
}

}  // namespace nearcast::app
