// SPDX-License-Identifier: Apache-2.0

#include "dns/edns.h"

#include <vector>

#include <gtest/gtest.h>

namespace nearcast::dns {
namespace {

TEST(OptionReader, WalksOptionsInOrder) {
    const std::vector<uint8_t> data = {0, 3, 0, 0, 0, 10, 0, 2, 0xAB, 0xCD};
    OptionReader reader(data);
    EdnsOption option;
    ASSERT_TRUE(reader.next(option));
    EXPECT_EQ(option.code, kNsid);
    EXPECT_TRUE(option.data.empty());
    ASSERT_TRUE(reader.next(option));
    EXPECT_EQ(option.code, kCookie);
    EXPECT_EQ(option.data.size(), 2U);
    EXPECT_FALSE(reader.next(option));
    EXPECT_FALSE(reader.is_broken());
}

TEST(OptionReader, TellsAnEndWithinAnOption) {
    EXPECT_TRUE(are_options_well_formed({}));
    EXPECT_TRUE(are_options_well_formed(std::vector<uint8_t>{0, 3, 0, 0}));
    EXPECT_FALSE(are_options_well_formed(std::vector<uint8_t>{0, 3}));
    EXPECT_FALSE(are_options_well_formed(std::vector<uint8_t>{0, 3, 0}));
    EXPECT_FALSE(are_options_well_formed(std::vector<uint8_t>{0, 3, 0, 1}));
}

}  // namespace
}  // namespace nearcast::dns
