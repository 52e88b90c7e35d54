// SPDX-License-Identifier: Apache-2.0

#include "service_manager.h"

#include <cstdint>
#include <ctime>

#include <systemd/sd-daemon.h>

namespace nearcast::app {
namespace {

// What Type=notify-reload compares with the time of its own request.
std::string monotonic_time() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    const int64_t microseconds = int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000;
    return "MONOTONIC_USEC=" + std::to_string(microseconds);
}

}  // namespace

ServiceManager::ServiceManager(bool is_spoken_to) : is_spoken_to_(is_spoken_to) {
    uint64_t limit = 0;  // Microseconds.
    if (is_spoken_to_ && sd_watchdog_enabled(0, &limit) > 0) {
        interval_ = std::chrono::milliseconds(limit / 2'000);
    }
}

void ServiceManager::ready(const std::string& status) const {
    if (is_spoken_to_) sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void ServiceManager::reloading() const {
    if (is_spoken_to_) sd_notify(0, ("RELOADING=1\n" + monotonic_time()).c_str());
}

void ServiceManager::stopping() const {
    if (is_spoken_to_) sd_notify(0, "STOPPING=1");
}

void ServiceManager::feed_watchdog() const {
    if (is_spoken_to_) sd_notify(0, "WATCHDOG=1");
}

}  // namespace nearcast::app
