// SPDX-License-Identifier: Apache-2.0

#include "anycast/route_watch.h"

#include <utility>

#include "anycast/announcement_check.h"
#include "base/log.h"

namespace nearcast::anycast {
namespace {

constexpr uint32_t kLiveBit = 1;
constexpr uint32_t kPrefBit = 2;

}  // namespace

RouteWatch::RouteWatch(const NodeConfig& config)
    : config_(config), daemon_(make_routing_daemon(config)) {}

RouteWatch::~RouteWatch() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void RouteWatch::start() {
    if (daemon_ != nullptr) thread_ = std::thread([this] { run(); });
}

void RouteWatch::expect(const Signals& signals) {
    expected_ = (signals.live ? kLiveBit : 0) | (signals.pref ? kPrefBit : 0);
}

void RouteWatch::complete(GuardStatus& status) {
    const std::lock_guard lock(mutex_);
    status.has_routing = has_read_;
    status.mismatches = found_.mismatches;
    status.told_neighbors = found_.told_neighbors;
}

void RouteWatch::run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, config_.routing.poll_interval, [this] { return is_ending_; })) {
        lock.unlock();
        look();
        lock.lock();
    }
}

void RouteWatch::look() {
    const uint32_t before = expected_;
    const auto routes = daemon_->read();
    if (!routes) {
        const base::Error& reason = routes.error();
        return conclude(
            {.mismatches = {"the routing daemon cannot be read: " + reason.message +
                            (reason.hint.empty() ? "" : " (try: " + reason.hint + ")")}});
    }
    if (expected_ != before) return;  // Changed while it was read: nothing can be said.
    const Signals signals{.live = (before & kLiveBit) != 0, .pref = (before & kPrefBit) != 0};
    conclude({.mismatches = find_mismatches(config_, signals, *routes),
              .told_neighbors = count_told(config_, *routes)});
}

// Raised when seen twice in a row, so that a change under way is no alarm.
void RouteWatch::conclude(Finding finding) {
    const bool is_confirmed = finding.mismatches == suspected_;
    suspected_ = finding.mismatches;
    if (!is_confirmed) return;
    const std::lock_guard lock(mutex_);
    has_read_ = true;
    if (finding.mismatches != found_.mismatches) {
        for (const std::string& each : finding.mismatches) {
            base::log::error("announcement_mismatch", {{"what", each}});
        }
        if (finding.mismatches.empty()) base::log::info("announcement_matches");
    }
    found_ = std::move(finding);
}

}  // namespace nearcast::anycast
