// SPDX-License-Identifier: Apache-2.0

#include "control/database_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/database.h"

namespace nearcast::control {
namespace {

using testing::HasSubstr;

class DatabaseFile : public testing::Test {
 protected:
    DatabaseFile() {
        folder_ = testing::TempDir() + "database-XXXXXX";
        EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
        path_ = folder_ + "/control.db";
    }
    ~DatabaseFile() override { std::filesystem::remove_all(folder_); }

    std::string folder_;
    std::string path_;
};

TEST_F(DatabaseFile, IsCheckedWithoutBeingMade) {
    const auto none = Database::inspect("sqlite:" + path_);
    ASSERT_TRUE(none) << none.error().message;
    EXPECT_EQ(*none, nullptr);
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
    {
        ASSERT_TRUE(Database::open({.connection = "sqlite:" + path_}));
    }
    const auto made = Database::inspect("sqlite:" + path_);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_NE(*made, nullptr);
    EXPECT_FALSE(
        (*made)->write([](Session& session) { return session.run_once("DROP TABLE zone"); }));
}

TEST_F(DatabaseFile, IsNamedWithTheWayOut) {
    const auto nowhere = Database::open({.connection = "sqlite:" + folder_ + "/none/control.db"});
    ASSERT_FALSE(nowhere);
    EXPECT_THAT(nowhere.error().message, HasSubstr(folder_ + "/none/control.db"));
    EXPECT_THAT(nowhere.error().hint, HasSubstr("install -d"));
    std::ofstream(path_) << "no database at all";
    const auto other = Database::open({.connection = "sqlite:" + path_});
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().message, HasSubstr(path_ + " is no database"));
    EXPECT_FALSE(Database::inspect("sqlite:" + path_));
}

TEST_F(DatabaseFile, OfSomebodyElseIsNamedWithTheWayOut) {
    {
        ASSERT_TRUE(Database::open({.connection = "sqlite:" + path_}));
    }
    std::filesystem::permissions(folder_, std::filesystem::perms(0777));
    std::filesystem::permissions(path_, std::filesystem::perms::none);
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t kNobody = 65534;
        if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
        const auto done = Database::open({.connection = "sqlite:" + path_});
        const bool is_told =
            !done && done.error().message.contains(path_) && done.error().hint.contains("chown");
        ::_exit(is_told ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(DatabaseFile, MayBeALinkInAFolderOfOthers) {
    if (::geteuid() != 0) GTEST_SKIP() << "root alone becomes somebody else";
    constexpr uid_t kNobody = 65534;
    const std::string own = folder_ + "/own";
    std::filesystem::create_directory(own);
    ASSERT_EQ(::chown(own.c_str(), kNobody, kNobody), 0);
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    std::filesystem::create_symlink(own + "/kept.db", path_);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
        const bool is_made =
            Database::open({.connection = "sqlite:" + own + "/kept.db"}).has_value();
        const bool is_open = Database::open({.connection = "sqlite:" + path_}).has_value();
        ::_exit(is_made && is_open ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace nearcast::control
