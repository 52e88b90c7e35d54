// SPDX-License-Identifier: Apache-2.0

#include "tls/authority.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tls/test_keys.h"
#include "tls/tls_context.h"

namespace nearcast::tls {
namespace {

class OfAuthority : public testing::Test {
 protected:
    [[nodiscard]] Authority authority() const {
        auto opened = Authority::open(files, "test network");
        EXPECT_TRUE(opened) << opened.error().message;
        return *std::move(opened);
    }

    const TestFolder folder;
    const std::string place = folder.write("ca", "");
    const SelfSignedFiles files{place + ".pem", place + ".key"};
};

TEST_F(OfAuthority, IsTheSameAfterARestart) {
    const std::string first = authority().certificate();
    EXPECT_EQ(authority().certificate(), first);
}

TEST_F(OfAuthority, KeepsItsKeyFromOthers) {
    (void)authority();
    struct stat status{};
    ASSERT_EQ(::stat(files.key.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(OfAuthority, IssuesWhatAServerCanUse) {
    const auto pair = make_key_pair();
    ASSERT_TRUE(pair);
    const auto issued = authority().issue(pair->public_key, {"sin1.example", "127.0.0.1"});
    ASSERT_TRUE(issued) << issued.error().message;
    const ServerSettings settings{.certificate = folder.write("a.pem", issued->certificate),
                                  .key = folder.write("a.key", pair->private_key)};
    const auto context = TlsContext::for_server(settings);
    EXPECT_TRUE(context) << context.error().message;
    const auto pin = pin_of_file(settings.certificate);
    ASSERT_TRUE(pin);
    EXPECT_EQ(*pin, issued->pin);
}

TEST_F(OfAuthority, SignsNoKeyThatIsNone) {
    const auto ours = authority();
    EXPECT_FALSE(ours.issue("", {"a.example"}));
    EXPECT_FALSE(
        ours.issue("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", {"a.example"}));
    EXPECT_FALSE(ours.issue(std::string(100'000, 'x'), {"a.example"}));
}

TEST_F(OfAuthority, RefusesFilesThatDoNotBelongTogether) {
    (void)authority();
    const auto pair = make_key_pair();
    ASSERT_EQ(folder.write("ca.key", pair->private_key), files.key);
    EXPECT_FALSE(Authority::open(files, "test network"));
}

}  // namespace
}  // namespace nearcast::tls
