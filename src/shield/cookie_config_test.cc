// SPDX-License-Identifier: Apache-2.0

#include "shield/cookie_config.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace nearcast::shield {
namespace {

constexpr const char* kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr const char* kOther = "445536bcd2513298075a5d379663c962";

class CookieConfigTest : public testing::Test {
 protected:
    CookieConfigTest()
        : folder_(testing::TempDir() + "cookie_config_" + std::to_string(::getpid())) {
        std::filesystem::create_directory(folder_);
    }
    ~CookieConfigTest() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text) {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path) << text;
        return path;
    }

    static std::string error_of(const std::string& text) {
        const auto config = parse_cookie_config(text, "node.toml");
        return config ? "no error" : to_text(config.error());
    }

    std::string folder_;
};

TEST_F(CookieConfigTest, ReadsItsSectionAndLeavesTheRest) {
    const auto config = parse_cookie_config(
        "[node]\nname = \"sin1\"\n[cookies]\nrequire = \"always\"\n"
        "attack_rate = 7\nsecrets = [\"" +
            std::string(kSecret) + "\"]\n",
        "node.toml");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_TRUE(config->is_enabled);
    EXPECT_EQ(config->policy.demand, CookieDemand::Always);
    EXPECT_EQ(config->policy.attack_rate, 7U);
    ASSERT_EQ(config->secrets.size(), 1U);
    EXPECT_EQ(load_cookie_secrets(*config)->count, 1U);
}

TEST_F(CookieConfigTest, NeedsNoSection) {
    const auto config = parse_cookie_config("", "node.toml");
    ASSERT_TRUE(config);
    EXPECT_TRUE(config->is_enabled);
    EXPECT_FALSE(config->has_secrets());
}

TEST_F(CookieConfigTest, SaysWhatIsWrong) {
    EXPECT_EQ(error_of("[cookies]\nsecrets = [\"1234\"]\n"),
              "node.toml:2: secrets: a cookie secret is not 32 hex digits\n"
              "  try: openssl rand -hex 16");
    EXPECT_EQ(error_of("[cookies]\nrequire = \"sometimes\"\n"),
              "node.toml:2: require: found \"sometimes\"\n"
              "  try: \"never\", \"under_attack\" or \"always\"");
    EXPECT_EQ(error_of("[cookies]\nsecret_file = [\"x\"]\n"),
              "node.toml:2: unknown key \"secret_file\"\n  try: secret_files");
    EXPECT_EQ(error_of("[cookies]\nsecrets = []\nsecret_files = []\n"),
              "node.toml:2: secrets: and secret_files are both there\n  try: keep one of the two");
}

TEST_F(CookieConfigTest, ReadsFilesAsTheyAreNow) {
    CookieConfig config;
    config.secret_files = {write("a", "# in use\n" + std::string(kSecret) + "  # since May\n\n"),
                           write("b", std::string(kOther) + "\r\n")};
    auto set = load_cookie_secrets(config);
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_EQ(set->count, 2U);
    EXPECT_EQ(set->secrets[0], *parse_cookie_secret(kSecret));
    write("a", std::string(kOther) + "\n" + kSecret + "\n");
    set = load_cookie_secrets(config);
    ASSERT_TRUE(set);
    EXPECT_EQ(set->count, 3U);
    EXPECT_EQ(set->secrets[0], *parse_cookie_secret(kOther));
}

TEST_F(CookieConfigTest, SaysWhereAFileIsWrong) {
    CookieConfig config;
    config.secret_files = {folder_ + "/none"};
    EXPECT_EQ(load_cookie_secrets(config).error().message,
              "cookies.secret_files: cannot read " + folder_ + "/none: No such file or directory");
    config.secret_files = {folder_};
    EXPECT_TRUE(load_cookie_secrets(config).error().message.contains("cannot read " + folder_));
    config.secret_files = {write("bad", std::string(kSecret) + "\nabc\n")};
    EXPECT_EQ(load_cookie_secrets(config).error().message,
              "cookies.secret_files: " + folder_ + "/bad:2: a cookie secret is not 32 hex digits");
    config.secret_files = {write("empty", "\n# nothing\n")};
    EXPECT_EQ(load_cookie_secrets(config).error().message,
              "no cookie secret in " + folder_ + "/empty");
    std::string many;
    for (size_t i = 0; i <= kCookieSecretsMax; ++i) many += std::string(kSecret) + "\n";
    config.secret_files = {write("many", many)};
    EXPECT_EQ(load_cookie_secrets(config).error().message,
              "cookies.secret_files: " + folder_ + "/many:5: more than 4 cookie secrets");
}

TEST_F(CookieConfigTest, DrawsOneSecretWhereNoneIsConfigured) {
    CookieSecrets first;
    CookieSecrets second;
    CookieSecretSet drawn;
    CookieSecretSet other;
    ASSERT_TRUE(publish_cookie_secrets({}, first));
    ASSERT_TRUE(publish_cookie_secrets({}, second));
    ASSERT_NE(first.read(drawn, 0), 0U);
    ASSERT_NE(second.read(other, 0), 0U);
    EXPECT_EQ(drawn.count, 1U);
    EXPECT_NE(drawn.secrets[0], other.secrets[0]);
    ASSERT_TRUE(publish_cookie_secrets({}, first));
    ASSERT_NE(first.read(other, 0), 0U);
    EXPECT_EQ(drawn, other);
}

TEST_F(CookieConfigTest, KeepsWhatIsPublishedWhenAFileTurnsBad) {
    CookieConfig config;
    config.secret_files = {write("a", kSecret)};
    CookieSecrets secrets;
    ASSERT_TRUE(publish_cookie_secrets(config, secrets));
    const uint64_t version = secrets.version();
    write("a", "spoilt");
    EXPECT_FALSE(publish_cookie_secrets(config, secrets));
    EXPECT_EQ(secrets.version(), version);
}

}  // namespace
}  // namespace nearcast::shield
