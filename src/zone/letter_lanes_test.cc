// SPDX-License-Identifier: Apache-2.0

#include "zone/letter_lanes.h"

#include <vector>

#include <gtest/gtest.h>

namespace nearcast::zone {
namespace {

using Bytes = std::vector<uint8_t>;

// Of any size, with each byte there is somewhere.
Bytes sample(size_t size, size_t from) {
    Bytes bytes(size);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(from + i * 37);
    return bytes;
}

Bytes lowered(const Bytes& bytes) {
    Bytes lowered = bytes;
    for (uint8_t& byte : lowered) byte = dns::lower(byte);
    return lowered;
}

TEST(LetterLanes, FoldEachByteAsOneAtATime) {
    for (size_t size = 0; size <= 255; ++size) {
        const Bytes bytes = sample(size, size);
        Bytes to(size + 1, 0xEE);
        lower_in_lanes(bytes.data(), size, to.data());
        EXPECT_EQ(to.back(), 0xEE) << size;
        to.pop_back();
        EXPECT_EQ(to, lowered(Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size))));
    }
}

TEST(LetterLanes, FindNamesTheSameButForTheirLetters) {
    for (size_t size = 1; size <= 255; ++size) {
        const Bytes bytes = sample(kReadableBefore + size, 7 * size);
        Bytes other = lowered(bytes);
        // What stands in front does not count.
        for (size_t i = 0; i < kReadableBefore; ++i) other[i] = static_cast<uint8_t>(~other[i]);
        const uint8_t* const name = bytes.data() + kReadableBefore;
        const uint8_t* const asked = other.data() + kReadableBefore;
        EXPECT_TRUE(is_lowered_to(name, asked, size)) << size;
        for (size_t i = kReadableBefore; i < other.size(); ++i) {
            for (const int bit : {0x01, 0x20, 0x80}) {
                other[i] = static_cast<uint8_t>(other[i] ^ bit);
                EXPECT_FALSE(is_lowered_to(name, asked, size)) << size << " " << i;
                other[i] = static_cast<uint8_t>(other[i] ^ bit);
            }
        }
    }
}

}  // namespace
}  // namespace nearcast::zone
