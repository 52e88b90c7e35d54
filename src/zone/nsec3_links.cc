// SPDX-License-Identifier: Apache-2.0

#include "zone/nsec3_links.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace nearcast::zone {
namespace {

// Hashes lie evenly, so a guess by proportion lands a few cache lines off where halving would miss
// twenty times. A chain whose hashes were chosen to defeat that is halved after so many guesses.
constexpr size_t kGuessesMax = 6;
// A stretch this short is a few lines that the processor fetches by itself.
constexpr size_t kShort = 16;

uint64_t head_of(const dnssec::Nsec3Hash& hash) {
    uint64_t head = 0;
    std::memcpy(&head, hash.data(), sizeof head);
    static_assert(std::endian::native == std::endian::little);
    return __builtin_bswap64(head);
}

// What share of `count` lies in front of `head`, if hashes from `low` to `high` lie evenly. By
// their upper bits, since a chain has less than 2^32 links.
size_t share_before(uint64_t head, uint64_t low, uint64_t high, size_t count) {
    const int spare = std::max(32 - std::countl_zero(high - low), 0);
    return static_cast<size_t>(((head - low) >> spare) * count / (((high - low) >> spare) + 1));
}

}  // namespace

size_t count_up_to(std::span<const Nsec3Link> links, const dnssec::Nsec3Hash& hash) {
    const uint64_t head = head_of(hash);
    size_t first = 0;            // What is in front is not above.
    size_t last = links.size();  // What is from here on is above.
    uint64_t low = 0;
    uint64_t high = UINT64_MAX;
    for (size_t guess = 0; guess < kGuessesMax && last - first > kShort; ++guess) {
        const size_t at = first + share_before(head, low, high, last - first);
        const uint64_t here = head_of(links[at].hash);
        if (here > head) {
            last = at;
            high = here;
        } else if (here < head) {
            first = at + 1;
            low = here;
        } else {
            break;
        }
    }
    const auto begin = links.begin() + static_cast<ptrdiff_t>(first);
    const auto end = links.begin() + static_cast<ptrdiff_t>(last);
    const auto above = std::partition_point(begin, end, [&](const Nsec3Link& link) {
        const uint64_t here = head_of(link.hash);
        return here < head || (here == head && link.hash <= hash);
    });
    return static_cast<size_t>(above - links.begin());
}

Nsec3Place find_nsec3_place(std::span<const Nsec3Link> links, const dnssec::Nsec3Hash& hash) {
    assert(!links.empty());
    const size_t count = count_up_to(links, hash);
    const size_t link = (count == 0 ? links.size() : count) - 1;
    return {static_cast<uint32_t>(link), links[link].hash == hash};
}

}  // namespace nearcast::zone
