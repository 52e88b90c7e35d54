// SPDX-License-Identifier: Apache-2.0

#include "dns/client_subnet.h"

#include <vector>

#include <gtest/gtest.h>

namespace nearcast::dns {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(ReadClientSubnet, TakesBothFamiliesAndNone) {
    const Bytes v4 = {0, 1, 20, 0, 192, 0, 0x20};
    const auto subnet = read_client_subnet(v4);
    ASSERT_TRUE(subnet);
    EXPECT_EQ(subnet->family, 1);
    EXPECT_EQ(subnet->source_prefix, 20);
    EXPECT_EQ(subnet->address.size(), 3U);
    EXPECT_TRUE(read_client_subnet(Bytes{0, 1, 0, 0}));
    EXPECT_TRUE(read_client_subnet(Bytes{0, 2, 32, 0, 0x20, 1, 0xd, 0xb8}));
    EXPECT_TRUE(read_client_subnet(Bytes{0, 0, 0, 0}));
}

TEST(ReadClientSubnet, RefusesWhatTheStandardRefuses) {
    const Bytes wrong[] = {
        {},                              // Nothing.
        {0, 1, 24},                      // No whole head.
        {0, 1, 24, 24, 192, 0, 2},       // A scope.
        {0, 1, 33, 0, 192, 0, 2, 1, 0},  // More bits than the family has.
        {0, 1, 24, 0, 192, 0},           // A byte too few.
        {0, 1, 24, 0, 192, 0, 2, 1},     // A byte too many.
        {0, 1, 23, 0, 192, 0, 3},        // A bit behind the prefix.
        {0, 3, 8, 0, 1},                 // No such family.
        {0, 0, 8, 0, 1},                 // Bits of no family.
    };
    for (const Bytes& data : wrong) EXPECT_FALSE(read_client_subnet(data)) << data.size();
}

}  // namespace
}  // namespace nearcast::dns
