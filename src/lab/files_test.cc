// SPDX-License-Identifier: Apache-2.0

#include "lab/files.h"

#include <gtest/gtest.h>

namespace nearcast::lab {
namespace {

TEST(Files, AreReadToTheirEnd) {
    const std::string path = testing::TempDir() + "/nearcast-lab-files";
    const std::string text = std::string(10'000, 'x') + "end";
    ASSERT_TRUE(write_text(path, text).has_value());
    EXPECT_EQ(read_text(path).value_or(""), text);
    ASSERT_TRUE(write_text(path, "").has_value());
    EXPECT_EQ(read_text(path).value_or("nothing"), "");
}

// As those of /proc do when their process ends.
TEST(Files, ThatOpenAndCannotBeReadAreAnError) {
    EXPECT_FALSE(read_text("/").has_value());
    EXPECT_FALSE(read_text("/proc/self/mem").has_value());
    EXPECT_FALSE(read_text("/nowhere/at/all").has_value());
}

}  // namespace
}  // namespace nearcast::lab
