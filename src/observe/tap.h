// SPDX-License-Identifier: Apache-2.0
//
// dnstap: copies of messages for whoever wants to look at them, without holding up an answer.
//
// A worker copies a sampled exchange into a ring of its own and goes on; a thread encodes and
// writes it out. Whatever the reader does, all that can happen is that copies are dropped, and
// counted.

#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "observe/tap_config.h"
#include "observe/tap_frame.h"
#include "observe/tap_stream.h"

namespace nearcast::observe {

class Tap {
 public:
    // Notes for one worker: used by it alone.
    class Note {
     public:
        Note(TapRing& ring, const TapConfig& config) : ring_(ring), config_(config) {}

        // Whether the next exchange is one of those that are copied. Counts it.
        [[nodiscard]] bool is_wanted() noexcept {
            if (--left_ > 0) return false;
            left_ = config_.sample;
            return true;
        }

        void take(const answer::Exchange& exchange, std::chrono::nanoseconds query_time,
                  std::chrono::nanoseconds response_time) noexcept;

     private:
        TapRing& ring_;
        const TapConfig& config_;
        uint32_t left_ = 1;
    };

    // Begins at once, whether there is a reader yet or not. `config` outlives it.
    Tap(const TapConfig& config, TapIdentity identity, size_t worker_count);
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    // Workers that have a Note have ended.
    ~Tap();

    [[nodiscard]] Note note_for(size_t worker) { return {*rings_[worker], config_}; }

    // Any thread.
    [[nodiscard]] uint64_t frames_written() const { return written_.get(); }
    // Exchanges of which there is no copy: the ring was full, or there was no reader.
    [[nodiscard]] uint64_t exchanges_dropped() const;

 private:
    void run();
    void reconnect();
    // True when there was anything.
    bool drain(TapRing& ring);
    [[nodiscard]] bool write(const TapRecord& record);

    const TapConfig& config_;
    const TapIdentity identity_;
    std::vector<std::unique_ptr<TapRing>> rings_;
    std::unique_ptr<TapStream> stream_;
    std::vector<uint8_t> frame_;
    base::Instant retry_at_{};
    bool is_absence_told_ = false;
    Tally written_;
    Tally unread_;
    std::atomic<bool> is_ending_ = false;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::thread thread_;
};

}  // namespace nearcast::observe
