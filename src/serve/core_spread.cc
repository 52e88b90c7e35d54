// SPDX-License-Identifier: Apache-2.0

#include "serve/core_spread.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

namespace nearcast::serve {
namespace {

constexpr unsigned kLooksToChange = 2;

// How many times its equal share a core may receive at most and at least to go by core, and a core
// receive or a worker take to stay so. Far apart, so that chance does not lead to and fro.
struct Bounds {
    double lowest = 0;
    double highest = 0;
};
constexpr Bounds kToGo = {0.5, 1.5};
constexpr Bounds kToStay = {0.2, 1.8};

// At least this part of all packets must have come to cores that have a worker, at most this part
// from the machine itself, for which by core or by the hash is one.
constexpr double kOwnLeast = 0.9;
constexpr double kLoopedMost = 0.1;

constexpr std::chrono::seconds kPauseMin{10};
constexpr std::chrono::minutes kPauseMax{10};

double sum(const std::vector<uint64_t>& all) {
    return static_cast<double>(std::accumulate(all.begin(), all.end(), uint64_t{0}));
}

bool are_within(Bounds bounds, const std::vector<uint64_t>& all) {
    const double share = sum(all) / static_cast<double>(all.size());
    return std::ranges::all_of(all, [&](uint64_t each) {
        const auto part = static_cast<double>(each);
        return part >= bounds.lowest * share && part <= bounds.highest * share;
    });
}

// Of each; of what was not there before, all.
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
    assert(seen.messages.size() == cores_.size());
    const auto before = std::exchange(seen_, std::move(seen));
    if (!before) return false;
    const Seen between{
        .arrivals = {.by_core = added(before->arrivals.by_core, seen_->arrivals.by_core),
                     .looped = seen_->arrivals.looped - before->arrivals.looped},
        .messages = added(before->messages, seen_->messages)};
    was_busy_ = sum(between.messages) >= static_cast<double>(kMessagesMin * cores_.size());
    looks_ = was_busy_ && should_change(between, now) ? looks_ + 1 : 0;
    if (looks_ < kLooksToChange) return false;
    change(now);
    return true;
}

bool CoreSpread::should_change(const Seen& between, base::Instant now) const {
    const auto received = shares(between.arrivals);
    if (!is_by_core_) return now - since_ >= pause_ && received && are_within(kToGo, *received);
    return !are_within(kToStay, between.messages) || (received && !are_within(kToStay, *received));
}

std::optional<std::vector<uint64_t>> CoreSpread::shares(const CoreArrivals& between) const {
    const std::vector<uint64_t> all(between.by_core.begin(), between.by_core.end());
    std::vector<uint64_t> own;
    for (const unsigned core : cores_) own.push_back(core < all.size() ? all[core] : 0);
    const bool says_something = sum(all) > 0 && sum(own) >= kOwnLeast * sum(all) &&
                                between.looped <= kLoopedMost * sum(all);
    return says_something ? std::optional(std::move(own)) : std::nullopt;
}

void CoreSpread::change(base::Instant now) {
    if (is_by_core_) {
        const bool was_good = now - since_ >= kPauseMax;
        const base::Duration longer = was_good ? base::Duration(0) : pause_ * 2;
        pause_ = std::clamp<base::Duration>(longer, kPauseMin, kPauseMax);
    }
    is_by_core_ = !is_by_core_;
    since_ = now;
    looks_ = 0;
}

}  // namespace nearcast::serve
