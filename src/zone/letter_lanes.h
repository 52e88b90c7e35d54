// SPDX-License-Identifier: Apache-2.0
//
// Names folded to lower case, copied and compared sixteen bytes at a time: what every look-up does.
//
// As dns/ascii.h, for whoever may read a little in front of the name.

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

// A bit for each byte that is the same, the first one lowest.
[[nodiscard]] inline uint32_t lane_matches(const uint8_t* bytes, const uint8_t* lowered) {
    const __m128i same = _mm_cmpeq_epi8(lower_lane(load_lane(bytes)), load_lane(lowered));
    return static_cast<uint32_t>(_mm_movemask_epi8(same));
}

[[nodiscard]] inline bool is_lane_lowered_to(const uint8_t* bytes, const uint8_t* lowered) {
    return lane_matches(bytes, lowered) == 0xFFFF;
}

// Less than a lane: the lane that ends where they do, what is in front of them left out.
[[nodiscard]] inline bool is_rest_lowered_to(const uint8_t* bytes, const uint8_t* lowered,
                                             size_t size) {
    const size_t before = kLaneSize - size;
    return lane_matches(bytes - before, lowered - before) >> before == 0xFFFFU >> before;
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

[[nodiscard]] inline bool is_rest_lowered_to(const uint8_t* bytes, const uint8_t* lowered,
                                             size_t size) {
    return dns::equal_ignoring_case({bytes, size}, {lowered, size});
}

inline void lower_lane_to(const uint8_t* from, uint8_t* to) { dns::lower_copy({from, 8}, to); }

#endif

// Bytes in front of names to compare that must be readable: their values do not matter.
constexpr size_t kReadableBefore = kLaneSize - 1;

// Whether the `size` bytes are `lowered` but for the case of letters. kReadableBefore bytes in
// front of both are readable.
[[nodiscard]] inline bool is_lowered_to(const uint8_t* bytes, const uint8_t* lowered, size_t size) {
    if (size >= kLaneSize) {
        // The last lane may overlap the one before it.
        const size_t last = size - kLaneSize;
        for (size_t at = 0; at < last; at += kLaneSize) {
            if (!is_lane_lowered_to(bytes + at, lowered + at)) return false;
        }
        return is_lane_lowered_to(bytes + last, lowered + last);
    }
    return is_rest_lowered_to(bytes, lowered, size);
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
