// SPDX-License-Identifier: Apache-2.0
//
// What the service manager (systemd) is told of this process's life, and its watchdog.
//
// Without a service manager, or when another process speaks to it, every call does nothing.

#pragma once

#include <chrono>
#include <string>

namespace nearcast::app {

class ServiceManager {
 public:
    // Does nothing when `is_spoken_to` is false.
    explicit ServiceManager(bool is_spoken_to);

    void ready(const std::string& status) const;
    void reloading() const;
    void stopping() const;

    // How often to call feed_watchdog(): half of what the service manager waits. Zero: never.
    [[nodiscard]] std::chrono::milliseconds watchdog_interval() const { return interval_; }
    void feed_watchdog() const;

 private:
    bool is_spoken_to_;
    std::chrono::milliseconds interval_{0};
};

}  // namespace nearcast::app
