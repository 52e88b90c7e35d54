// SPDX-License-Identifier: Apache-2.0

#include "base/writable.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nearcast::base {
namespace {

using testing::HasSubstr;

class CheckWritable : public testing::Test {
 protected:
    CheckWritable() {
        folder_ = testing::TempDir() + "writable-XXXXXX";
        EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    }
    ~CheckWritable() override { std::filesystem::remove_all(folder_); }

    std::string folder_;
};

TEST_F(CheckWritable, TakesWhatIsThereOrCanBeMadeAndMakesNothing) {
    EXPECT_TRUE(check_writable(folder_));
    EXPECT_TRUE(check_writable(folder_ + "/"));
    EXPECT_TRUE(check_writable(folder_ + "/a/b/c/"));
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(CheckWritable, RefusesWhatLiesBelowAFile) {
    std::ofstream(folder_ + "/file") << "x";
    for (const char* path : {"/file", "/file/a", "/file/a/b"}) {
        const auto done = check_writable(folder_ + path);
        ASSERT_FALSE(done) << path;
        EXPECT_THAT(done.error().message, HasSubstr(folder_ + path));
        EXPECT_THAT(done.error().message, HasSubstr("no folder"));
    }
}

TEST_F(CheckWritable, RefusesTheFoldersOfOthersAndGivesNoneOfThemAway) {
    if (::geteuid() != 0) GTEST_SKIP() << "root alone becomes somebody else";
    std::filesystem::permissions(folder_, std::filesystem::perms(0555));
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t kNobody = 65534;
        if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
        const auto own = check_writable(folder_);
        const auto below = check_writable(folder_ + "/a/b");
        if (own || below) ::_exit(3);
        const bool is_own_given = own.error().hint.ends_with("chown 65534 " + folder_);
        const std::string& hint = below.error().hint;
        const bool is_below_made = hint.ends_with("install -d -m 700 -o 65534 " + folder_ + "/a/b");
        ::_exit(is_own_given && is_below_made ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace nearcast::base
