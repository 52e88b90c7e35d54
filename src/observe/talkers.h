// SPDX-License-Identifier: Apache-2.0
//
// Who talks most: the networks that most of the messages of the last minute came from.
//
// One message in sixteen or so is looked at. Its network is counted in a table that never grows:
// one that finds no place takes that of the least in its row, and begins with what that one had as
// the doubt in its count ("space-saving", Metwally and others 2005). A network with more than an
// eighth of what falls into its row, mostly 1/512 of all, keeps its place.
//
// Each minute has a table of its own, and there are two in turn: the worker fills one, the other is
// read by any thread.

#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "answer/responder.h"
#include "base/tally.h"

namespace nearcast::observe {

class Talkers {
 public:
    // A network as a number: a /24, or a /48.
    using Network = uint64_t;

    static constexpr std::chrono::seconds kWindow{60};
    // Looking at one costs some 40 instructions. Halved, so is the smallest network that is seen
    // for sure.
    static constexpr uint32_t kSample = 16;
    static constexpr size_t kRows = 64;
    static constexpr size_t kRowSize = 8;

    struct Told {
        uint64_t messages = 0;  // Estimates, of those that were surely its own.
        uint64_t response_bytes = 0;
    };

    // `seed` keeps others from finding networks that share a row.
    explicit Talkers(uint64_t seed) : multiplier_(seed | 1) {}

    // The owner only. `now` is since 1970.
    void note(std::span<const answer::Exchange> batch, std::chrono::seconds now) noexcept {
        for (; next_ < batch.size(); next_ += gap()) take(batch[next_], now);
        next_ -= batch.size();
    }

    // Any thread: adds what the last whole minute before `now` had.
    void add_to(std::unordered_map<Network, Told>& sums, std::chrono::seconds now) const;

 private:
    struct Entry {
        std::atomic<Network> network = 0;  // 0: free.
        base::Tally count;
        base::Tally doubt;  // Of the count: what others had before.
        base::Tally bytes;
    };
    using Row = std::array<Entry, kRowSize>;
    struct Window {
        std::atomic<int64_t> number = -1;  // Of the minute; -1: none, or being emptied.
        std::array<Row, kRows> rows;
    };

    // 1 to 2 * kSample - 1 evenly: who asks in step with it is seen no more often than others.
    uint32_t gap() noexcept {
        luck_ = luck_ * 6364136223846793005 + 1442695040888963407;
        return 1 + static_cast<uint32_t>((luck_ >> 32) * (2 * kSample - 1) >> 32);
    }
    void take(const answer::Exchange& exchange, std::chrono::seconds now) noexcept;
    Window& window_of(int64_t number) noexcept;

    const uint64_t multiplier_;
    uint64_t luck_ = multiplier_;
    size_t next_ = 0;  // The message to look at, counted from the next batch's first.
    std::array<Window, 2> windows_;
};

// As 192.0.2.0/24 or 2001:db8:1::/48.
[[nodiscard]] std::string to_text_of_network(Talkers::Network network);

}  // namespace nearcast::observe
