// SPDX-License-Identifier: Apache-2.0

#include "lab/lab_state.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/relay_control.h"

namespace nearcast::lab {
namespace {

constexpr uid_t kNobody = 65534;

// Whether somebody who is not root gets an answer with these words.
bool is_told_to_others(const std::string& socket, std::string_view words) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
        const auto reached = reach_relay(socket);
        ::_exit(!reached && reached.error().message.contains(words) ? 0 : 1);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ReachRelay, SaysWhoseTheLabIsToThoseWhoMayNotAskIt) {
    std::string folder = testing::TempDir() + "lab-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::filesystem::permissions(folder, std::filesystem::perms(0755));
    const std::string socket = folder + "/relay.sock";
    EXPECT_TRUE(is_told_to_others(socket, "its links are gone"));
    const auto listener = listen_for_orders(socket);
    ASSERT_TRUE(listener);
    std::filesystem::permissions(socket, std::filesystem::perms::none);
    EXPECT_TRUE(is_told_to_others(socket, "belongs to root"));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace nearcast::lab
