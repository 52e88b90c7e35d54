// SPDX-License-Identifier: Apache-2.0

#include "lab/delay_line.h"

#include <algorithm>
#include <cassert>

namespace nearcast::lab {

namespace {

constexpr size_t kSpareMax = 64;

}  // namespace

void DelayLine::set_cut(bool is_cut) {
    is_cut_ = is_cut;
    if (!is_cut) return;
    lost_ += packets_.size();
    packets_.clear();
}

bool DelayLine::push(std::span<const uint8_t> packet, base::Instant now) {
    if (is_cut_ || packets_.size() >= kPacketsMax || is_lost()) {
        ++lost_;
        return false;
    }
    base::Instant due = now + quality_.delay;
    if (quality_.jitter.count() > 0) {
        due += Delay(std::uniform_int_distribution<int64_t>(0, quality_.jitter.count())(random_));
    }
    last_due_ = std::max(due, last_due_);
    std::vector<uint8_t> bytes;
    if (!spare_.empty()) {
        bytes = std::move(spare_.back());
        spare_.pop_back();
    }
    bytes.assign(packet.begin(), packet.end());
    packets_.push_back({last_due_, std::move(bytes)});
    return true;
}

std::optional<base::Instant> DelayLine::next_due() const {
    if (packets_.empty()) return std::nullopt;
    return packets_.front().due;
}

std::optional<std::span<const uint8_t>> DelayLine::due(base::Instant now) const {
    if (packets_.empty() || packets_.front().due > now) return std::nullopt;
    return packets_.front().bytes;
}

void DelayLine::pop() {
    assert(!packets_.empty());
    if (spare_.size() < kSpareMax) spare_.push_back(std::move(packets_.front().bytes));
    packets_.pop_front();
}

bool DelayLine::is_lost() {
    return quality_.loss > 0 &&
           std::uniform_real_distribution<double>(0, 1)(random_) < quality_.loss;
}

}  // namespace nearcast::lab
