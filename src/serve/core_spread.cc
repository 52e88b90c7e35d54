// SPDX-License-Identifier: Apache-2.0

#include "serve/core_spread.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

namespace nearcast::serve {
namespace {

constexpr unsigned kLooksToChange = 2;

// How many times its share the busiest core may receive to go by core, and the busiest worker may
// answer to stay so. Far apart, so that chance does not lead to and fro.
constexpr double kReceivedMost = 1.5;
constexpr double kAnsweredMost = 1.8;

// At least this part of all packets must have come to cores that have a worker, at most this part
// from the machine itself, for which by core or by the hash is one.
constexpr double kOwnLeast = 0.9;
constexpr double kLoopedMost = 0.1;

constexpr std::chrono::seconds kPauseMin{10};
constexpr std::chrono::minutes kPauseMax{10};

template <typename Number>
double sum(const std::vector<Number>& all) {
    return static_cast<double>(std::accumulate(all.begin(), all.end(), uint64_t{0}));
}

// How many times its equal share the largest is.
template <typename Number>
double largest_over_share(const std::vector<Number>& all) {
    const auto largest = static_cast<double>(*std::ranges::max_element(all));
    return largest * static_cast<double>(all.size()) / std::max(sum(all), 1.0);
}

// Of each: counters that begin anew count from zero.
template <typename Number>
std::vector<Number> added(const std::vector<Number>& before, const std::vector<Number>& now) {
    std::vector<Number> grown(now);
    for (size_t i = 0; i < std::min(before.size(), now.size()); ++i) grown[i] -= before[i];
    return grown;
}

}  // namespace

CoreSpread::CoreSpread(std::vector<unsigned> cores) : cores_(std::move(cores)) {
    assert(cores_.size() >= 2);
}

bool CoreSpread::look(Seen seen, base::Instant now) {
    assert(seen.answers.size() == cores_.size());
    const bool is_first = !std::exchange(has_seen_, true);
    looks_ = !is_first && should_change(seen, now) ? looks_ + 1 : 0;
    seen_ = std::move(seen);
    if (looks_ < kLooksToChange) return false;
    change(now);
    return true;
}

bool CoreSpread::should_change(const Seen& seen, base::Instant now) const {
    const std::vector<uint64_t> answered = added(seen_.answers, seen.answers);
    if (sum(answered) < static_cast<double>(kAnswersMin)) return false;
    if (is_by_core_) return largest_over_share(answered) > kAnsweredMost;
    return now - since_ >= pause_ && do_cores_receive_alike(seen.arrivals);
}

bool CoreSpread::do_cores_receive_alike(const CoreArrivals& now) const {
    const std::vector<uint32_t> received = added(seen_.arrivals.by_core, now.by_core);
    std::vector<uint32_t> own;
    for (const unsigned core : cores_) own.push_back(core < received.size() ? received[core] : 0);
    const double all = sum(received);
    const double looped = now.looped - seen_.arrivals.looped;
    return sum(own) >= kOwnLeast * all && looped <= kLoopedMost * all && all > 0 &&
           largest_over_share(own) <= kReceivedMost;
}

void CoreSpread::change(base::Instant now) {
    if (is_by_core_) {
        const bool was_good = now - since_ >= kPauseMax;
        pause_ = was_good || pause_ == base::Duration(0)
                     ? base::Duration(kPauseMin)
                     : std::min<base::Duration>(pause_ * 2, kPauseMax);
    }
    is_by_core_ = !is_by_core_;
    since_ = now;
    looks_ = 0;
}

}  // namespace nearcast::serve
