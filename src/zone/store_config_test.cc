// SPDX-License-Identifier: Apache-2.0

#include "zone/store_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nearcast::zone {
namespace {

using testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;

TEST(StoreConfig, HasDefaultsForAll) {
    const auto config = parse_store_config("", "node.toml");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->directory, "");
    EXPECT_EQ(config->limits.memory_max, 0U);
    EXPECT_EQ(config->limits.store.size_max, StoreLimits{}.size_max);
}

TEST(StoreConfig, ReadsEachBound) {
    const auto config = parse_store_config(
        "[store]\ndirectory = \"/s\"\nsegment_size_mib = 1\nsize_max_mib = 64\n"
        "journal_count_max = 3\njournal_size_max_mib = 2\n"
        "[zones]\ndirectory = \"/z\"\nmemory_max_mib = 512\n",
        "node.toml");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->directory, "/s");
    EXPECT_EQ(config->limits.store.segment_size, kMiB);
    EXPECT_EQ(config->limits.store.size_max, 64 * kMiB);
    EXPECT_EQ(config->limits.journal_count_max, 3U);
    EXPECT_EQ(config->limits.journal_bytes_max, 2 * kMiB);
    EXPECT_EQ(config->limits.memory_max, 512 * kMiB);
}

TEST(StoreConfig, TellsWhichValueIsWrong) {
    const auto config = parse_store_config("[zones]\nmemory_max_mib = \"much\"\n", "node.toml");
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message, HasSubstr("memory_max_mib"));
}

}  // namespace
}  // namespace nearcast::zone
