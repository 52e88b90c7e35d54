// SPDX-License-Identifier: Apache-2.0

#include "lab/parallel.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace nearcast::lab {

namespace {

// The work waits for the kernel more than it computes: more threads than cores help, until they
// only queue for the kernel's one lock on network devices.
constexpr size_t kThreads = 8;

}  // namespace

base::Result<void> for_each_in_parallel(size_t count,
                                        const std::function<base::Result<void>(size_t)>& work) {
    std::atomic<size_t> next = 0;
    std::mutex mutex;
    std::optional<base::Error> failure;
    const auto run = [&] {
        for (size_t i = next++; i < count; i = next++) {
            const auto done = work(i);
            if (done) continue;
            const std::lock_guard lock(mutex);
            if (!failure) failure = done.error();
            next = count;
        }
    };
    std::vector<std::thread> threads;
    for (size_t i = 0; i < std::min(count, kThreads); ++i) threads.emplace_back(run);
    for (std::thread& thread : threads) thread.join();
    if (failure) return std::unexpected(*failure);
    return {};
}

}  // namespace nearcast::lab
