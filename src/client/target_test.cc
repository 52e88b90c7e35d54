// SPDX-License-Identifier: Apache-2.0

#include "client/target.h"

#include <gtest/gtest.h>

namespace nearcast::client {
namespace {

TEST(ParseUrl, ReadsHostPortAndPath) {
    const auto usual = parse_url("https://control.example.net:8053");
    ASSERT_TRUE(usual);
    EXPECT_TRUE(usual->is_secure);
    EXPECT_EQ(usual->host, "control.example.net");
    EXPECT_EQ(usual->port, 8053);
    EXPECT_EQ(usual->path, "");
    const auto proxied = parse_url("https://[2001:db8::1]/dns/");
    ASSERT_TRUE(proxied);
    EXPECT_EQ(proxied->host, "2001:db8::1");
    EXPECT_EQ(proxied->port, 443);
    EXPECT_EQ(proxied->path, "/dns");
}

TEST(ParseUrl, SendsNoKeyInTheClearOverANetwork) {
    EXPECT_TRUE(parse_url("http://localhost:8053"));
    EXPECT_TRUE(parse_url("http://127.0.0.2:8053"));
    EXPECT_TRUE(parse_url("http://[::1]"));
    EXPECT_FALSE(parse_url("http://192.0.2.1:8053"));
    EXPECT_FALSE(parse_url("http://localhost.example.net:8053"));
}

TEST(ParseUrl, RefusesWhatIsNone) {
    for (const char* text : {"", "control.example.net:8053", "ftp://a", "https://", "https://:8053",
                             "https://a:0", "https://a:65536", "https://a:80x", "https://[::1",
                             "https://[::1]x", "https://me@a", "https://a b", "https://a?b"}) {
        const auto url = parse_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_FALSE(url.error().hint.empty());
    }
}

TEST(Escaped, LeavesOnlyWhatAPathMayHave) {
    EXPECT_EQ(escaped("a-Z_0.~"), "a-Z_0.~");
    EXPECT_EQ(escaped("0/25 ä?&"), "0%2F25%20%C3%A4%3F%26");
}

}  // namespace
}  // namespace nearcast::client
