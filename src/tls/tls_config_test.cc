// SPDX-License-Identifier: Apache-2.0

#include "tls/tls_config.h"

#include <string>

#include <gtest/gtest.h>

namespace nearcast::tls {
namespace {

base::Result<TlsConfig> parse(const std::string& text) {
    auto file = base::ConfigFile::parse(text, "node.toml");
    if (!file) return std::unexpected(file.error());
    TlsConfig config = read_tls_config(file->root());
    if (auto done = file->finish(); !done) return std::unexpected(done.error());
    return config;
}

TEST(TlsConfig, ReadsCertificateAndProfiles) {
    const auto config = parse(R"(
[tls]
certificate = "/c.pem"
key = "/k.pem"
client_ca = "/ca.pem"
[[tls.profile]]
name = "hidden-primary"
server_name = "primary.example.net"
ca = "/other.pem"
[[tls.profile]]
name = "pinned"
pins = ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
certificate = "/own.pem"
key = "/own.key"
)");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_TRUE(config->has_server());
    EXPECT_TRUE(config->server.asks_clients);
    ASSERT_NE(config->find("hidden-primary"), nullptr);
    EXPECT_EQ(config->find("hidden-primary")->ca, "/other.pem");
    ASSERT_NE(config->find("pinned"), nullptr);
    EXPECT_EQ(config->find("pinned")->pins, std::vector{SpkiPin{}});
    EXPECT_EQ(config->find("none"), nullptr);
}

TEST(TlsConfig, AbsentMeansNoTls) {
    const auto config = parse("");
    ASSERT_TRUE(config);
    EXPECT_FALSE(config->has_server());
    EXPECT_TRUE(config->profiles.empty());
}

TEST(TlsConfig, TellsWhatIsMissingOrWrong) {
    const std::string profile = "[[tls.profile]]\nname = \"a\"\n";
    for (const auto& [text, word] : {
             std::pair<std::string, std::string>{"[tls]\ncertificate = \"/c\"\n", "key"},
             {"[tls]\nkey = \"/c\"\n", "certificate"},
             {profile, "server_name"},
             {profile + "pins = [\"short\"]\n", "no pin"},
             {"[[tls.profile]]\nname = \"a b\"\nserver_name = \"x\"\n", "space"},
             {profile + "server_name = \"x\"\n" + profile + "server_name = \"x\"\n", "another"},
             {"[tls]\ncertificat = \"/c\"\n", "certificate"},
         }) {
        const auto config = parse(text);
        ASSERT_FALSE(config) << text;
        EXPECT_NE(to_text(config.error()).find(word), std::string::npos) << to_text(config.error());
    }
}

}  // namespace
}  // namespace nearcast::tls
