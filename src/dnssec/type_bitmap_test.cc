// SPDX-License-Identifier: Apache-2.0

#include "dnssec/type_bitmap.h"

#include <gtest/gtest.h>

namespace nearcast::dnssec {
namespace {

// The example of RFC 4034 §4.3, behind its next name.
TEST(TypeBitmap, IsThatOfTheRfc) {
    std::vector<uint8_t> bitmap;
    append_type_bitmap({{dns::RRType::A, dns::RRType::MX, dns::RRType::RRSIG, dns::RRType::NSEC,
                         static_cast<dns::RRType>(1234)}},
                       bitmap);
    std::vector<uint8_t> expected = {0, 6, 0x40, 0x01, 0, 0, 0, 0x03, 4, 27};
    expected.resize(expected.size() + 26);
    expected.push_back(0x20);
    EXPECT_EQ(bitmap, expected);
}

TEST(TypeBitmap, OfNoTypesIsEmpty) {
    std::vector<uint8_t> bitmap;
    append_type_bitmap({}, bitmap);
    EXPECT_TRUE(bitmap.empty());
}

}  // namespace
}  // namespace nearcast::dnssec
