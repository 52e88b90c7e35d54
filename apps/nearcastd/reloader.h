// SPDX-License-Identifier: Apache-2.0
//
// The thread that loads zones, so that neither queries nor signals wait for a large file.
//
// Requests that come while it works are answered by one more run, which sees every change made
// before them.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "base/fd.h"
#include "base/result.h"
#include "zone_directory.h"

namespace nearcast::app {

class Reloader {
 public:
    struct Finished {
        uint64_t run = 0;  // Answers every request() that returned this number or a smaller one.
        base::Result<LoadReport> report;
    };

    // Takes over the use of `directory`, which outlives it.
    explicit Reloader(ZoneDirectory& directory);
    Reloader(const Reloader&) = delete;
    Reloader& operator=(const Reloader&) = delete;
    // Waits for a run under way.
    ~Reloader();

    // Returns the number of the run that will see the directory as it is now.
    uint64_t request();

    // Readable when take() has something.
    [[nodiscard]] int fd() const { return finished_event_.get(); }

    // The outcome of the last run, once.
    [[nodiscard]] std::optional<Finished> take();

 private:
    void run();

    ZoneDirectory& directory_;
    base::Fd finished_event_;
    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    uint64_t requested_ = 0;
    uint64_t started_ = 0;
    std::optional<Finished> finished_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace nearcast::app
