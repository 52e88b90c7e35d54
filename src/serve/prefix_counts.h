// SPDX-License-Identifier: Apache-2.0
//
// How many connections each network has: a table that is as large as it will ever be.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "serve/locality.h"

namespace nearcast::serve {

// How much of an address names a network, in bits.
struct PrefixLengths {
    uint8_t v4 = 24;
    uint8_t v6 = 48;  // At most 64.
};

class PrefixCounts {
 public:
    // A network, as a number.
    using Key = uint64_t;

    // Room for `connections_max` networks. `seed` keeps others from finding networks that share
    // a place in the table.
    PrefixCounts(size_t connections_max, PrefixLengths lengths, uint64_t seed);

    [[nodiscard]] Key key_of(const PeerAddress& peer) const;
    [[nodiscard]] size_t count(Key key) const { return cells_[place_of(key)].count; }

    // At most connections_max more than were removed.
    void add(Key key);
    // Something that was added.
    void remove(Key key);

 private:
    struct Cell {
        Key key = 0;
        size_t count = 0;  // Zero: free.
    };

    [[nodiscard]] size_t home_of(Key key) const;
    [[nodiscard]] size_t next(size_t place) const { return (place + 1) & (cells_.size() - 1); }
    // Where the key is, or would be put.
    [[nodiscard]] size_t place_of(Key key) const;
    void close_gap(size_t gap);

    PrefixLengths lengths_;
    uint64_t multiplier_;
    std::vector<Cell> cells_;  // A power of two, at least half of them free. Linear probing.
};

}  // namespace nearcast::serve
