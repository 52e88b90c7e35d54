// SPDX-License-Identifier: Apache-2.0

#include "serve/prefix_counts.h"

#include <bit>
#include <cassert>

#include "base/bytes.h"

namespace nearcast::serve {
namespace {

// In ::/8, where no network is: keeps the numbers of IPv4 apart from those of IPv6.
constexpr uint64_t kIpv4Mark = uint64_t{1} << 32;

uint64_t first_bits(uint64_t address, unsigned length, unsigned size) {
    return length == 0 ? 0 : address >> (size - length) << (size - length);
}

}  // namespace

PrefixCounts::PrefixCounts(size_t connections_max, PrefixLengths lengths, uint64_t seed)
    : lengths_(lengths), multiplier_(seed | 1), cells_(std::bit_ceil(2 * connections_max)) {
    assert(lengths.v4 <= 32 && lengths.v6 <= 64);
}

PrefixCounts::Key PrefixCounts::key_of(const PeerAddress& peer) const {
    if (peer.generic.sa_family != AF_INET6) {
        return kIpv4Mark | first_bits(ntohl(peer.v4.sin_addr.s_addr), lengths_.v4, 32);
    }
    const uint8_t* const bytes = peer.v6.sin6_addr.s6_addr;
    const uint64_t high = uint64_t{base::load_u32(bytes)} << 32 | base::load_u32(bytes + 4);
    return first_bits(high, lengths_.v6, 64);
}

// The high bits of the product depend on all of the key.
size_t PrefixCounts::home_of(Key key) const {
    const uint64_t mixed = (key ^ key >> 32) * multiplier_;
    return static_cast<size_t>(mixed >> 32) & (cells_.size() - 1);
}

size_t PrefixCounts::place_of(Key key) const {
    size_t place = home_of(key);
    while (cells_[place].count != 0 && cells_[place].key != key) place = next(place);
    return place;
}

void PrefixCounts::add(Key key) {
    Cell& cell = cells_[place_of(key)];
    cell.key = key;
    ++cell.count;
}

void PrefixCounts::remove(Key key) {
    const size_t place = place_of(key);
    assert(cells_[place].count > 0);
    if (--cells_[place].count == 0) close_gap(place);
}

// Whoever stands further from home than the gap moves into it, so that a search meets no gap.
void PrefixCounts::close_gap(size_t gap) {
    const size_t mask = cells_.size() - 1;
    for (size_t place = next(gap); cells_[place].count != 0; place = next(place)) {
        const size_t distance = (place - home_of(cells_[place].key)) & mask;
        if (distance < ((place - gap) & mask)) continue;
        cells_[gap] = cells_[place];
        cells_[place].count = 0;
        gap = place;
    }
}

}  // namespace nearcast::serve
