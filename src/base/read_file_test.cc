// SPDX-License-Identifier: Apache-2.0

#include "base/read_file.h"

#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace nearcast::base {
namespace {

TEST(ReadFile, HasTheWholeFile) {
    const std::string path = testing::TempDir() + "read_file_test." + std::to_string(::getpid());
    for (const size_t size : {size_t{0}, size_t{1}, size_t{200'000}}) {
        const std::string text(size, 'x');
        std::ofstream(path) << text;
        EXPECT_EQ(read_file(path).value_or("none"), text) << size;
    }
    std::remove(path.c_str());
    const auto gone = read_file(path);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().message, "cannot read " + path + ": No such file or directory");
}

TEST(ReadFile, SaysWhatADirectoryIs) {
    const auto folder = read_file("/");
    ASSERT_FALSE(folder);
    EXPECT_EQ(folder.error().message, "cannot read /: Is a directory");
}

TEST(ReadFile, EndsWhereThereIsNoEnd) {
    const auto zeros = read_file("/dev/zero");
    ASSERT_FALSE(zeros);
    EXPECT_TRUE(zeros.error().message.contains("more than")) << zeros.error().message;
}

}  // namespace
}  // namespace nearcast::base
