// SPDX-License-Identifier: Apache-2.0

#include "base/log.h"

#include <algorithm>
#include <array>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"

namespace nearcast::base {
namespace {

using testing::HasSubstr;
using testing::Not;

// Stands in for stderr: the smallest pipe that there is.
class StderrPipe {
 public:
    StderrPipe() : saved_(::dup(STDERR_FILENO)) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader_ = Fd(ends[0]);
        ::fcntl(ends[1], F_SETPIPE_SZ, 1);
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[1]);
    }
    StderrPipe(const StderrPipe&) = delete;
    StderrPipe& operator=(const StderrPipe&) = delete;
    ~StderrPipe() { end(); }

    // Nothing more is written.
    void end() { ::dup2(saved_.get(), STDERR_FILENO); }

    std::string read_some() {
        std::array<char, 4096> room{};
        const ssize_t size = ::read(reader_.get(), room.data(), room.size());
        return {room.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))};
    }
    std::string read_all() {
        std::string all;
        for (std::string more = read_some(); !more.empty(); more = read_some()) all += more;
        return all;
    }

 private:
    Fd saved_;
    Fd reader_;
};

TEST(Log, LosesNoLineWhileSomebodyReads) {
    constexpr size_t kLines = 5'000;
    StderrPipe pipe;
    std::string all;
    std::thread reader([&] { all = pipe.read_all(); });
    for (size_t i = 0; i < kLines; ++i) log::info("told", {{"what", "a line among many others"}});
    pipe.end();
    reader.join();
    EXPECT_EQ(std::ranges::count(all, '\n'), kLines);
    EXPECT_THAT(all, Not(HasSubstr("lines_lost_before")));
}

TEST(Log, LosesLinesThatNobodyReadsAndTellsHowMany) {
    StderrPipe pipe;
    for (int i = 0; i < 1000; ++i) log::info("unread");
    const auto kept = std::ranges::count(pipe.read_some(), '\n');
    log::info("read");
    EXPECT_THAT(pipe.read_some(),
                HasSubstr("read lines_lost_before=" + std::to_string(1000 - kept)));
}

}  // namespace
}  // namespace nearcast::base
