// SPDX-License-Identifier: Apache-2.0

#include "control/refusals.h"

#include <algorithm>

namespace nearcast::control {

base::IpAddress network_of(base::IpAddress source) {
    if (source.is_v6) std::fill(source.bytes.begin() + 8, source.bytes.end(), uint8_t{0});
    return source;
}

bool Refusals::is_held_off(const base::IpAddress& source, base::Instant now) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(network_of(source));
    return found != counts_.end() && found->second.refusals >= kRefusalsMax &&
           now < found->second.since + kPeriod;
}

bool Refusals::add(const base::IpAddress& source, base::Instant now) {
    const std::lock_guard lock(mutex_);
    if (counts_.size() >= kSourcesMax) {
        std::erase_if(counts_,
                      [&](const auto& each) { return now >= each.second.since + kPeriod; });
    }
    // All of them within a minute: many machines try at once, and none is known better than others.
    if (counts_.size() >= kSourcesMax) counts_.clear();
    Count& count = counts_[network_of(source)];
    if (count.refusals == 0 || now >= count.since + kPeriod) count = {now, 0};
    return ++count.refusals == 1;
}

}  // namespace nearcast::control
