// SPDX-License-Identifier: Apache-2.0

#include "zone/huge_pages.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::zone {
namespace {

TEST(ReserveInHugePages, MakesRoomWithoutItems) {
    std::vector<uint32_t> items;
    reserve_in_huge_pages(items, 2 * kHugePageSize);
    EXPECT_GE(items.capacity(), 2 * kHugePageSize);
    EXPECT_TRUE(items.empty());
}

struct WithoutMemory : std::vector<uint8_t> {
    void reserve(size_t) { throw std::bad_alloc(); }
};

TEST(ReserveInHugePages, LeavesItemsToGrowWhereThereIsNoRoom) {
    WithoutMemory items;
    reserve_in_huge_pages(items, 2 * kHugePageSize);
    items.push_back(1);
    EXPECT_EQ(items.size(), 1U);
}

}  // namespace
}  // namespace nearcast::zone
