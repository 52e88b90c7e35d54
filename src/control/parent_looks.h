// SPDX-License-Identifier: Apache-2.0
//
// Looks at the parents of zones when their time has come, a few at once: each look waits for
// servers of others. Any thread.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "control/parent_watch.h"

namespace nearcast::control {

class ParentLooks {
 public:
    // At once: a look at a parent whose servers do not answer takes a minute.
    static constexpr size_t kThreads = 4;

    // Called on a thread of its own with what was found of the zone with that number; nothing when
    // no server answered.
    using Told = std::function<void(int64_t zone_id, const std::optional<ParentAnswers>&)>;

    // The watch outlives it, and must take looks on several threads.
    ParentLooks(ParentWatch& watch, Told told);
    ParentLooks(const ParentLooks&) = delete;
    ParentLooks& operator=(const ParentLooks&) = delete;
    // Waits for the looks under way.
    ~ParentLooks();

    // There is one look ahead for a zone: the earliest that was asked for.
    void ask(int64_t zone_id, const dns::Name& zone, base::Instant at);
    void forget(int64_t zone_id);

 private:
    struct Ahead {
        dns::Name zone;
        base::Instant at;
    };

    void run();

    ParentWatch& watch_;
    const Told told_;
    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    std::map<int64_t, Ahead> ahead_;
    std::set<std::pair<base::Instant, int64_t>> order_;
    bool is_stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace nearcast::control
