// SPDX-License-Identifier: Apache-2.0
//
// Reads back every few seconds what the routing daemon announces, and raises what differs.
//
// On a thread of its own: a daemon that hangs delays no withdrawal. It decides nothing; the log
// line `announcement_mismatch` and the status are for people and their monitoring.

#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "anycast/guard_logic.h"
#include "anycast/guard_status.h"
#include "anycast/node_config.h"
#include "anycast/routing_daemon.h"

namespace nearcast::anycast {

class RouteWatch {
 public:
    // `config` must outlive it.
    explicit RouteWatch(const NodeConfig& config);
    RouteWatch(const RouteWatch&) = delete;
    RouteWatch& operator=(const RouteWatch&) = delete;
    ~RouteWatch();

    // Starts the thread, unless there is no daemon to read.
    void start();

    // What is signalled just now. Never waits.
    void expect(const Signals& signals);

    // Fills in what was found last.
    void complete(GuardStatus& status);

 private:
    void run();
    void look();
    // What was read back.
    struct Finding {
        std::vector<std::string> mismatches = {};
        std::optional<size_t> told_neighbors = {};
    };
    void conclude(Finding finding);

    const NodeConfig& config_;
    std::unique_ptr<RoutingDaemon> daemon_;
    std::atomic<uint32_t> expected_ = 0;  // Bit 0 live, bit 1 pref.
    std::vector<std::string> suspected_;  // Found once: a change may just be under way.
    std::mutex mutex_;                    // Guards the rest.
    std::condition_variable wake_;
    bool is_ending_ = false;
    bool has_read_ = false;
    Finding found_;
    std::thread thread_;
};

}  // namespace nearcast::anycast
