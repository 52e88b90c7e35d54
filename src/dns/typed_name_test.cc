// SPDX-License-Identifier: Apache-2.0

#include "dns/typed_name.h"

#include <gtest/gtest.h>

#include "dns/rdata.h"
#include "dns/zone_lexer.h"

namespace nearcast::dns {
namespace {

base::Result<void> check_content(RRType type, std::string_view content) {
    ZoneLexer lexer(content);
    ZoneEntry entry;
    EXPECT_EQ(lexer.next(entry), ZoneLexer::Status::Entry);
    const auto rdata = parse_rdata(type, entry.words, nullptr);
    EXPECT_TRUE(rdata) << content;
    return check_typed_names(type, content, *rdata);
}

TEST(TypedName, OfUnicodeIsRefusedWithTheWayToWriteIt) {
    for (const char* text : {"bücher.example.", "例え.example.", "a.b\xFF."}) {
        const auto name = parse_typed_name(text);
        ASSERT_FALSE(name) << text;
        EXPECT_TRUE(name.error().message.contains("A-label")) << name.error().message;
        EXPECT_TRUE(name.error().hint.contains("xn--bcher-kva")) << name.error().hint;
    }
    EXPECT_TRUE(parse_typed_name("xn--bcher-kva.example."));
}

TEST(TypedName, OfASpaceNeedsAnEscape) {
    for (const char* text : {"a b.example.", "a\tb.example.", " a.example.", "a\x7F.example."}) {
        EXPECT_FALSE(parse_typed_name(text)) << text;
    }
    const auto name = parse_typed_name("a\\032b\\195\\188.example.");
    ASSERT_TRUE(name);
    EXPECT_EQ(to_text(*name), "a\\032b\\195\\188.example.");
}

TEST(TypedName, StandsInDataInTheSameWay) {
    EXPECT_FALSE(check_content(RRType::CNAME, "bücher.example."));
    EXPECT_FALSE(check_content(RRType::MX, "10 mäil.example."));
    EXPECT_TRUE(check_content(RRType::MX, "10 m\\195\\164il.example."));
    EXPECT_TRUE(check_content(RRType::TXT, "\"Grüße\""));
}

}  // namespace
}  // namespace nearcast::dns
