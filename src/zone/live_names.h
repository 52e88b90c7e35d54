// SPDX-License-Identifier: Apache-2.0
//
// Names of zones that come and go while the program runs, for threads that must not wait.
//
// Few of them, which change seldom: each change makes the whole list anew.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "dns/name.h"

namespace nearcast::zone {

// Any thread.
class LiveNames {
 public:
    using List = std::vector<dns::Name>;

    // What one thread has of them.
    struct Seen {
        std::shared_ptr<const List> names = nullptr;
        uint64_t generation = 0;
    };

    void add(const dns::Name& name);
    void remove(const dns::Name& name);

    // Brings what the thread has up to date; whether that was needed. As long as nothing changes it
    // is one load.
    bool refresh(Seen& seen) const;
    // For who seldom asks.
    [[nodiscard]] bool has(const dns::Name& name) const;

 private:
    std::atomic<uint64_t> generation_ = 1;
    mutable std::mutex mutex_;  // Guards what follows.
    std::shared_ptr<const List> names_ = std::make_shared<List>();
};

}  // namespace nearcast::zone
