// SPDX-License-Identifier: Apache-2.0

#include "transfer/receive_budget.h"

#include <optional>

#include <gtest/gtest.h>

namespace nearcast::transfer {
namespace {

TEST(ReceiveBudget, IsSharedByAll) {
    ReceiveBudget budget(1000);
    ReceiveShare one(&budget);
    std::optional<ReceiveShare> other(&budget);
    EXPECT_TRUE(one.grow(600));
    EXPECT_FALSE(other->grow(600));
    EXPECT_LE(budget.used(), 1000U);
    other.reset();
    EXPECT_TRUE(one.grow(390));
}

TEST(ReceiveBudget, GetsBackWhatAShareHad) {
    ReceiveBudget budget(1000);
    {
        ReceiveShare one(&budget);
        ASSERT_TRUE(one.grow(900));
        const ReceiveShare moved = std::move(one);
        EXPECT_GE(budget.used(), 900U);
    }
    EXPECT_EQ(budget.used(), 0U);
}

TEST(ReceiveBudget, IsAboutHalfOfTheMachine) {
    EXPECT_GT(ReceiveBudget::half_of_memory(), size_t{64} << 20);
}

}  // namespace
}  // namespace nearcast::transfer
