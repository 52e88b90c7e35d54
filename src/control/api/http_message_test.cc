// SPDX-License-Identifier: Apache-2.0

#include "control/api/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/api/zone_id.h"

namespace nearcast::control_api {
namespace {

using testing::ElementsAre;

TEST(ReadTarget, DividesPathAndQuery) {
    Request request;
    ASSERT_TRUE(read_target("/api//v1/zones/a%2Fb.example./?q=*x+y%2B*&max=10&empty&q=2", request));
    EXPECT_THAT(request.path, ElementsAre("api", "v1", "zones", "a/b.example."));
    EXPECT_EQ(request.parameter("q"), "*x y+*");
    EXPECT_EQ(request.parameter("max"), "10");
    EXPECT_EQ(request.parameter("empty"), "");
    EXPECT_FALSE(request.parameter("none"));
}

TEST(ReadTarget, TakesTheWholeAddress) {
    for (const char* target :
         {"http://a.example:8053/api/v1?q=http://b/c", "https://a/api/v1?q=http://b/c"}) {
        Request request;
        ASSERT_TRUE(read_target(target, request));
        EXPECT_THAT(request.path, ElementsAre("api", "v1")) << target;
        EXPECT_EQ(request.parameter("q"), "http://b/c");
    }
    Request request;
    ASSERT_TRUE(read_target("http://a.example", request));
    EXPECT_TRUE(request.path.empty());
}

TEST(ReadTarget, RefusesEscapesThatAreNone) {
    for (const char* target : {"/a%2", "/a%", "/%GG", "/a?b=%1", "/a?%x1=b"}) {
        Request request;
        EXPECT_FALSE(read_target(target, request)) << target;
    }
}

TEST(ZoneId, ComesBackAsTheSameName) {
    for (const char* text : {"example.org.", ".", "0/26.2.0.192.in-addr.arpa.", "a\\.b.example.",
                             "\\000\\255.example.", "_x.example.", "a=b.example."}) {
        const auto name = *dns::parse_name(text);
        const std::string id = zone_id(name);
        const auto again = parse_zone_id(id);
        ASSERT_TRUE(again) << id;
        EXPECT_TRUE(*again == name) << id;
        EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEF0123456789.-_=/"),
                  std::string::npos)
            << id;
    }
    EXPECT_EQ(zone_id(*dns::parse_name(".")), "=2E");
}

TEST(ParseZoneId, TakesEachForm) {
    for (const char* id : {"example.org.", "example.org", "EXAMPLE.org", "example=2Eorg=2e"}) {
        const auto name = parse_zone_id(id);
        ASSERT_TRUE(name) << id;
        EXPECT_EQ(dns::to_text(*name), "example.org.");
    }
    EXPECT_FALSE(parse_zone_id(""));
    EXPECT_FALSE(parse_zone_id("a..b"));
}

TEST(Escaped, ComesBackAsItWas) {
    const std::string text = "a+b&c\\032 %/=\xC3\xA4.example.";
    Request request;
    ASSERT_TRUE(read_target("/x?after=" + escaped(text), request));
    EXPECT_EQ(request.parameter("after"), text);
    EXPECT_EQ(escaped("a-b.c_d~"), "a-b.c_d~");
}

TEST(HttpText, IsUtf8WithoutZero) {
    for (const char* text : {"", "a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x8C\x8D"}) {
        EXPECT_TRUE(is_text(text)) << text;
    }
    using std::string_view_literals::operator""sv;
    for (const std::string_view bytes :
         {"a\0"sv, "\x80"sv, "\xC3"sv, "\xC3("sv, "\xC0\xAF"sv, "\xE0\x80\xAF"sv, "\xED\xA0\x80"sv,
          "\xF0\x80\x80\xAF"sv, "\xF4\x90\x80\x80"sv, "\xF8\x88\x80\x80\x80"sv, "\xFF"sv}) {
        EXPECT_FALSE(is_text(bytes)) << bytes;
    }
    Request request;
    EXPECT_FALSE(read_target("/a%00b", request));
    EXPECT_FALSE(read_target("/a?b=%ff", request));
}

}  // namespace
}  // namespace nearcast::control_api
