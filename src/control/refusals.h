// SPDX-License-Identifier: Apache-2.0
//
// Counts those who come with keys that are none, and holds them off when it is often.
//
// By the address they come from; of IPv6 by its /64. Any thread.

#pragma once

#include <chrono>
#include <map>
#include <mutex>

#include "base/address.h"
#include "base/clock.h"

namespace nearcast::control {

// One customer's: of IPv6 the /64.
[[nodiscard]] base::IpAddress network_of(base::IpAddress source);

class Refusals {
 public:
    // In one period from one address; a program with an old key tries again a few times.
    static constexpr unsigned kRefusalsMax = 20;
    static constexpr std::chrono::seconds kPeriod{60};
    // Addresses that are remembered; of more, the oldest are forgotten. Some 100 bytes each.
    static constexpr size_t kSourcesMax = 10'000;

    // Whether the source is held off at the moment: nothing it brings is looked at.
    [[nodiscard]] bool is_held_off(const base::IpAddress& source, base::Instant now);

    // One more. True for the first of a period: it is told in the audit log.
    bool add(const base::IpAddress& source, base::Instant now);

 private:
    struct Count {
        base::Instant since{};
        unsigned refusals = 0;
    };

    std::mutex mutex_;  // Guards the map.
    std::map<base::IpAddress, Count> counts_;
};

}  // namespace nearcast::control
