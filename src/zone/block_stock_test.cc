// SPDX-License-Identifier: Apache-2.0

#include "zone/block_stock.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include <gtest/gtest.h>

namespace nearcast::zone {
namespace {

constexpr size_t kLarge = size_t{8} << 20;

TEST(BlockStock, GivesAgainWhatWasGivenBack) {
    BlockStock stock;
    void* const first = stock.take(kLarge);
    void* const second = stock.take(kLarge);
    EXPECT_NE(first, second);
    std::memset(first, 1, kLarge);
    std::memset(second, 2, kLarge);
    stock.give_back(first);
    EXPECT_EQ(stock.take(kLarge - 100'000), first);
    EXPECT_EQ(stock.size(), 2 * kLarge);
    stock.give_back(first);
    stock.give_back(second);
}

TEST(BlockStock, HoldsNothingThatIsNotTakenBesideAFreshBlock) {
    BlockStock stock;
    EXPECT_TRUE(stock.give_back(stock.take(4 * kLarge)));
    void* const small = stock.take(kLarge);  // Too little for so large a block.
    EXPECT_EQ(stock.size(), kLarge);
    EXPECT_TRUE(stock.give_back(small));
    void* const large = stock.take(2 * kLarge);
    EXPECT_EQ(stock.size(), 2 * kLarge);
    EXPECT_TRUE(stock.give_back(large));
}

TEST(BlockStock, TakesTheSmallestThatFits) {
    BlockStock stock;
    void* const larger = stock.take(kLarge + kLarge / 4);
    void* const large = stock.take(kLarge);
    stock.give_back(larger);
    stock.give_back(large);
    EXPECT_EQ(stock.take(kLarge), large);
    stock.give_back(large);
}

TEST(BlockStock, ReleasesWhatIsNotTaken) {
    BlockStock stock;
    void* const kept = stock.take(kLarge);
    EXPECT_TRUE(stock.give_back(stock.take(kLarge)));
    stock.release();
    EXPECT_EQ(stock.size(), kLarge);
    std::memset(kept, 1, kLarge);
    stock.give_back(kept);
}

TEST(BlockStock, VectorsFollowEachOtherInItsMemory) {
    const auto stock = std::make_shared<BlockStock>();
    StockVector<uint64_t> numbers(stock);
    numbers.resize(1 << 20);
    const void* const place = numbers.data();
    numbers = StockVector<uint64_t>(stock);
    StockVector<uint32_t> others(1 << 21, 7, stock);
    EXPECT_EQ(others.data(), place);
    EXPECT_EQ(others[12345], 7U);
    EXPECT_EQ(stock->size(), kLarge);
}

// As a draft is that one part of the program has read and another one works on.
TEST(BlockStock, LivesAsLongAsAVectorInIt) {
    StockVector<uint8_t> moved(std::make_shared<BlockStock>());
    {
        StockVector<uint8_t> made(std::make_shared<BlockStock>());
        made.resize(kLarge, 42);
        moved = std::move(made);
    }
    EXPECT_EQ(moved.back(), 42);
    StockVector<uint8_t> copied = moved;
    moved = StockVector<uint8_t>(std::make_shared<BlockStock>());
    EXPECT_EQ(copied.back(), 42);
}

TEST(BlockStock, SaysWhatIsNotItsOwn) {
    BlockStock stock;
    EXPECT_FALSE(stock.give_back(&stock));
    EXPECT_EQ(stock.take(SIZE_MAX / 4), nullptr);
    EXPECT_EQ(stock.size(), 0U);
}

TEST(BlockStock, WithoutOneAllComesFromTheHeap) {
    StockVector<uint8_t> bytes(kLarge, 1, std::shared_ptr<BlockStock>());
    bytes.resize(2 * kLarge, 2);
    EXPECT_EQ(bytes[0], 1);
    EXPECT_EQ(bytes.back(), 2);
}

TEST(BlockStock, AVectorThatWasMovedFromKeepsItsStock) {
    const auto stock = std::make_shared<BlockStock>();
    StockVector<uint8_t> bytes(kLarge, 1, stock);
    const StockVector<uint8_t> moved = std::move(bytes);
    bytes.clear();  // Valid again.
    bytes.resize(kLarge, 2);
    EXPECT_EQ(moved.front(), 1);
    EXPECT_EQ(bytes.front(), 2);
    EXPECT_EQ(stock->size(), 2 * kLarge);
}

TEST(BlockStock, WhatIsSmallComesFromTheHeap) {
    const auto stock = std::make_shared<BlockStock>();
    StockVector<uint8_t> bytes(1000, 1, stock);
    EXPECT_EQ(stock->size(), 0U);
    bytes.resize(kLarge, 2);
    EXPECT_EQ(stock->size(), kLarge);
    EXPECT_EQ(bytes[0], 1);
    EXPECT_EQ(bytes[1000], 2);
}

}  // namespace
}  // namespace nearcast::zone
