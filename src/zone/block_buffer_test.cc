// SPDX-License-Identifier: Apache-2.0

#include "zone/block_buffer.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "zone/huge_pages.h"

namespace nearcast::zone {
namespace {

constexpr size_t kLarge = 4 * kHugePageSize;

std::vector<uint8_t> numbers(size_t count) {
    std::vector<uint8_t> bytes(count);
    for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
    return bytes;
}

// What it gives is what was written, and zeros behind it.
void expect_taken(size_t expected, size_t written) {
    SCOPED_TRACE(testing::Message() << written << " bytes of " << expected);
    const std::vector<uint8_t> bytes = numbers(written);
    BlockBuffer buffer(expected);
    constexpr size_t kPiece = 1001;
    for (size_t at = 0; at < written; at += kPiece) {
        buffer.append(std::span(bytes).subspan(at, std::min(kPiece, written - at)));
    }
    ASSERT_EQ(buffer.size(), written);
    const size_t size = (written / kImageAlignment + 1) * kImageAlignment;
    ImageBlock block = buffer.take(size);
    ASSERT_TRUE(block);
    ASSERT_EQ(block.bytes().size(), size);
    EXPECT_TRUE(std::ranges::equal(block.bytes().first(written), bytes));
    const auto rest = block.bytes().subspan(written);
    EXPECT_TRUE(std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; }));
}

TEST(BlockBuffer, GivesWhatWasWrittenWhateverWasExpected) {
    for (const size_t expected : {size_t{0}, size_t{100}, kHugePageSize, kLarge}) {
        for (const size_t written : {size_t{0}, size_t{100}, size_t{70'000}, kHugePageSize - 1,
                                     kHugePageSize + 5000, kLarge - 1, kLarge + 5000}) {
            expect_taken(expected, written);
        }
    }
}

TEST(BlockBuffer, BytesThatAreSkippedAreZero) {
    for (const size_t expected : {size_t{0}, kLarge}) {
        BlockBuffer buffer(expected);
        buffer.append(numbers(10));
        buffer.resize(5000);
        buffer.append(numbers(10));
        EXPECT_EQ(std::count(buffer.data() + 10, buffer.data() + 5000, 0), 4990);
    }
}

TEST(BlockBuffer, WhatWasForeseenIsNotCopied) {
    BlockBuffer buffer(kLarge);
    buffer.append(numbers(kHugePageSize + 1));
    const uint8_t* const place = buffer.data();
    EXPECT_EQ(buffer.take(kHugePageSize + kImageAlignment).bytes().data(), place);
}

// What the kernel says of the memory at `address`: "hg" where huge pages were asked for.
std::string flags_of(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    bool is_it = false;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words(line);
        uintptr_t start = 0;
        uintptr_t end = 0;
        char hyphen = 0;
        const auto place = reinterpret_cast<uintptr_t>(address);
        if (words >> std::hex >> start >> hyphen >> end && hyphen == '-') {
            is_it = start <= place && place < end;
        } else if (is_it && line.starts_with("VmFlags:")) {
            return line;
        }
    }
    return "";
}

// A huge page of which a part is unmapped stays whole, and charged.
TEST(BlockBuffer, KeepsNoHugePageForItsEnd) {
    BlockBuffer buffer(kLarge);
    buffer.append(numbers(2 * kHugePageSize + 5000));
    if (!flags_of(buffer.data()).contains(" hg")) GTEST_SKIP() << "there are no huge pages";
    ImageBlock block = buffer.take(2 * kHugePageSize + 8192);
    EXPECT_FALSE(flags_of(&block.bytes().back()).contains(" hg"));
    EXPECT_TRUE(flags_of(block.bytes().data()).contains(" hg"));
}

}  // namespace
}  // namespace nearcast::zone
