// SPDX-License-Identifier: Apache-2.0

#include "zone/file_stamp.h"

#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nearcast::zone {
namespace {

class FileStampTest : public testing::Test {
 protected:
    ~FileStampTest() override { std::remove(path_.c_str()); }

    void write(std::string_view text) const { std::ofstream(path_) << text; }

    [[nodiscard]] struct stat status() const {
        struct stat status{};
        EXPECT_EQ(::stat(path_.c_str(), &status), 0);
        return status;
    }

    // As one that copies files with their times does. Comes back once the clock that files are
    // stamped with has gone on.
    void write_with_old_time(std::string_view text) const {
        const struct stat old = status();
        do {
            write(text);
            const timespec times[] = {old.st_atim, old.st_mtim};
            ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
        } while (status().st_ctim.tv_nsec == old.st_ctim.tv_nsec);
    }

    const std::string path_ =
        testing::TempDir() + "file_stamp_test." + std::to_string(::getpid()) + ".zone";
};

TEST_F(FileStampTest, IsCurrentWhileTheFileIsTheSame) {
    write("one");
    const FileStamp stamp = FileStamp::of(path_);
    EXPECT_TRUE(stamp.is_current());
    EXPECT_EQ(stamp, FileStamp::of(path_));

    write("three");
    EXPECT_FALSE(stamp.is_current());
}

TEST_F(FileStampTest, SeesAFileThatWasRewrittenWithItsOldSizeAndTime) {
    write("one");
    const FileStamp stamp = FileStamp::of(path_);
    write_with_old_time("two");
    EXPECT_FALSE(stamp.is_current());
}

TEST_F(FileStampTest, KnowsAFileThatIsNotThere) {
    const FileStamp stamp = FileStamp::of(path_);
    EXPECT_EQ(stamp.size, -1);
    EXPECT_TRUE(stamp.is_current());

    write("one");
    EXPECT_FALSE(stamp.is_current());
}

}  // namespace
}  // namespace nearcast::zone
