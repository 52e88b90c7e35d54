// SPDX-License-Identifier: Apache-2.0
//
// Names folded to lower case, copied and compared sixteen bytes at a time: what every look-up does.
//
// As dns/ascii.h, for whoever may read and write a little further than the name goes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dns/ascii.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace nearcast::zone {

#if defined(__SSE2__)

constexpr size_t kLaneSize = 16;

[[nodiscard]] inline __m128i load_lane(const uint8_t* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

[[nodiscard]] inline __m128i lower_lane(__m128i bytes) {
    // The letters, and nothing else, become the largest of the numbers with a sign.
    const __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(0x7F - 'Z'));
    const __m128i is_upper = _mm_cmpgt_epi8(moved, _mm_set1_epi8(0x7F - 26));
    return _mm_or_si128(bytes, _mm_and_si128(is_upper, _mm_set1_epi8(0x20)));
}

[[nodiscard]] inline bool is_lane_lowered_to(const uint8_t* bytes, const uint8_t* lowered) {
    const __m128i same = _mm_cmpeq_epi8(lower_lane(load_lane(bytes)), load_lane(lowered));
    return _mm_movemask_epi8(same) == 0xFFFF;
}

inline void lower_lane_to(const uint8_t* from, uint8_t* to) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), lower_lane(load_lane(from)));
}

#else

constexpr size_t kLaneSize = 8;

[[nodiscard]] inline bool is_lane_lowered_to(const uint8_t* bytes, const uint8_t* lowered) {
    uint64_t a = 0;
    uint64_t b = 0;
    std::memcpy(&a, bytes, sizeof a);
    std::memcpy(&b, lowered, sizeof b);
    return dns::lower8(a) == b;
}

inline void lower_lane_to(const uint8_t* from, uint8_t* to) { dns::lower_copy({from, 8}, to); }

#endif

// Whether the `size` bytes are `lowered` but for the case of letters. Seven bytes behind both are
// readable.
[[nodiscard]] inline bool is_lowered_to(const uint8_t* bytes, const uint8_t* lowered, size_t size) {
    if (size >= kLaneSize) {
        // The last lane may overlap the one before it.
        const size_t last = size - kLaneSize;
        for (size_t at = 0; at < last; at += kLaneSize) {
            if (!is_lane_lowered_to(bytes + at, lowered + at)) return false;
        }
        return is_lane_lowered_to(bytes + last, lowered + last);
    }
    uint64_t a = 0;
    uint64_t b = 0;
    size_t at = 0;
    for (; at + 8 < size; at += 8) {
        std::memcpy(&a, bytes + at, sizeof a);
        std::memcpy(&b, lowered + at, sizeof b);
        if (dns::lower8(a) != b) return false;
    }
    std::memcpy(&a, bytes + at, sizeof a);
    std::memcpy(&b, lowered + at, sizeof b);
    return (dns::lower8(a) ^ b) << (8 * (at + 8 - size)) == 0;
}

// As dns::lower_copy(), but not in place.
inline void lower_in_lanes(const uint8_t* from, size_t size, uint8_t* to) {
    if (size < kLaneSize) {
        dns::lower_copy({from, size}, to);
        return;
    }
    const size_t last = size - kLaneSize;
    for (size_t at = 0; at < last; at += kLaneSize) lower_lane_to(from + at, to + at);
    lower_lane_to(from + last, to + last);
}

}  // namespace nearcast::zone
