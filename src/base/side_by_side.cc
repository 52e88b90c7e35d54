// SPDX-License-Identifier: Apache-2.0

#include "base/side_by_side.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include <sched.h>

namespace nearcast::base {
namespace {

// Taken at once: enough that threads seldom meet at the counter, few enough that they end together.
constexpr size_t kStretch = 64;

}  // namespace

std::vector<unsigned> usable_core_numbers() {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    std::vector<unsigned> cores;
    if (sched_getaffinity(0, sizeof usable, &usable) == 0) {
        for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
            if (CPU_ISSET(core, &usable)) cores.push_back(core);
        }
    }
    if (cores.empty()) cores.push_back(0);
    return cores;
}

unsigned usable_cores() { return static_cast<unsigned>(usable_core_numbers().size()); }

void side_by_side(size_t count, size_t share, const std::function<void(size_t number)>& work) {
    const size_t stretch = std::min(kStretch, std::max<size_t>(share, 1));
    std::atomic<size_t> next = 0;
    const auto run = [&]() noexcept {
        for (;;) {
            const size_t first = next.fetch_add(stretch, std::memory_order_relaxed);
            if (first >= count) return;
            for (size_t i = first; i < std::min(first + stretch, count); ++i) work(i);
        }
    };
    const size_t threads = std::min<size_t>(usable_cores(), count / std::max<size_t>(share, 1));
    std::vector<std::jthread> others;
    try {
        while (others.size() + 1 < threads) others.emplace_back(run);
    } catch (const std::system_error&) {
        // No more threads are granted: those there are do it.
    }
    run();
}

}  // namespace nearcast::base
