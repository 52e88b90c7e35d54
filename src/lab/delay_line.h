// SPDX-License-Identifier: Apache-2.0
//
// Packets under way in one direction of a link: each comes out its delay later, in order.
//
// Pure: no clock, no device. The relay passes the time and writes out what is due. One thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "base/clock.h"
#include "lab/distance.h"

namespace nearcast::lab {

struct LinkQuality {
    Delay delay{};   // One way.
    Delay jitter{};  // Adds from nothing up to this to each packet; never reorders.
    double loss = 0;
};

class DelayLine {
 public:
    // Packets that a direction holds. At 40 ms and 1,500 bytes it is 800 Mbit/s; more than that
    // is a flood, and a real router drops it too. Twice as much would let a flood take 12 MiB.
    static constexpr size_t kPacketsMax = 4096;

    DelayLine(LinkQuality quality, uint32_t seed) : quality_(quality), random_(seed) {}

    void set_quality(LinkQuality quality) { quality_ = quality; }
    // A cut line swallows what comes in and what is under way.
    void set_cut(bool is_cut);
    [[nodiscard]] bool is_cut() const { return is_cut_; }

    // Takes a packet that entered at `now`; false when it was lost (loss, cut, queue full).
    bool push(std::span<const uint8_t> packet, base::Instant now);

    // When the next packet comes out; nothing while the line is empty.
    [[nodiscard]] std::optional<base::Instant> next_due() const;

    // The packet at the far end, if it is there at `now`. Valid until the next call of push() or
    // pop(). Call pop() once it is written.
    [[nodiscard]] std::optional<std::span<const uint8_t>> due(base::Instant now) const;
    void pop();

    [[nodiscard]] uint64_t lost() const { return lost_; }

 private:
    struct Packet {
        base::Instant due;
        std::vector<uint8_t> bytes;
    };

    [[nodiscard]] bool is_lost();

    LinkQuality quality_;
    std::minstd_rand random_;
    bool is_cut_ = false;
    std::deque<Packet> packets_;
    std::vector<std::vector<uint8_t>> spare_;  // Buffers of packets that came out, to use again.
    base::Instant last_due_{};
    uint64_t lost_ = 0;
};

}  // namespace nearcast::lab
