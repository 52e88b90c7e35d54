// SPDX-License-Identifier: Apache-2.0

#include "tls/self_signed.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls/tls_context.h"

namespace nearcast::tls {
namespace {

class MakeSelfSigned : public testing::Test {
 protected:
    MakeSelfSigned() { std::filesystem::create_directories(folder); }
    ~MakeSelfSigned() override { std::filesystem::remove_all(folder); }

    const std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                         ("nearcast-self-signed-" + std::to_string(::getpid()));
    const SelfSignedFiles files{folder / "a.pem", folder / "a.key"};
};

TEST_F(MakeSelfSigned, GivesFilesThatAServerCanUse) {
    const auto fingerprint = make_self_signed(files, {"localhost", "127.0.0.1", "::1"});
    ASSERT_TRUE(fingerprint) << fingerprint.error().message;
    EXPECT_EQ(fingerprint->size(), 32U * 3 - 1);
    const auto context =
        TlsContext::for_server({.certificate = files.certificate, .key = files.key});
    EXPECT_TRUE(context) << context.error().message;
}

TEST_F(MakeSelfSigned, KeepsTheKeyFromOthers) {
    ASSERT_TRUE(make_self_signed(files, {"localhost"}));
    struct stat status{};
    ASSERT_EQ(::stat(files.key.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(MakeSelfSigned, OverwritesNothing) {
    ASSERT_TRUE(make_self_signed(files, {"localhost"}));
    EXPECT_FALSE(make_self_signed(files, {"localhost"}));
}

TEST_F(MakeSelfSigned, BearsTheNamesAndNoOthers) {
    using testing::ElementsAre;
    ASSERT_TRUE(make_self_signed(files, {"localhost", "127.0.0.1", "Control.example"}));
    const auto lacking = names_lacking_in(files.certificate, {"localhost", "127.0.0.1", "127.0.0.2",
                                                              "control.example", "other.example"});
    ASSERT_TRUE(lacking) << lacking.error().message;
    EXPECT_THAT(*lacking, ElementsAre("127.0.0.2", "other.example"));
    EXPECT_FALSE(names_lacking_in(files.key, {"localhost"}));
}

}  // namespace
}  // namespace nearcast::tls
