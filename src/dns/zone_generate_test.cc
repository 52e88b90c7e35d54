// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_generate.h"

#include <string>

#include <gtest/gtest.h>

namespace nearcast::dns {
namespace {

std::string expanded(std::string_view pattern, uint32_t value) {
    std::string line;
    return expand_pattern(pattern, value, line) ? line : "refused";
}

TEST(ParseGenerateRange, TakesAFirstALastAndAStep) {
    GenerateRange range;
    ASSERT_TRUE(parse_generate_range("1-254", range));
    EXPECT_EQ(range.count(), 254U);
    ASSERT_TRUE(parse_generate_range("0-9/4", range));
    EXPECT_EQ(range.count(), 3U);
    for (const char* text : {"", "1", "1-", "-2", "2-1", "1-2/0", "1-2/", "a-b", "1-2/x"}) {
        EXPECT_FALSE(parse_generate_range(text, range)) << text;
    }
}

TEST(ExpandPattern, PutsTheNumberWhereTheDollarIs) {
    EXPECT_EQ(expanded("host$", 7), "host7");
    EXPECT_EQ(expanded("$.$", 7), "7.7");
    EXPECT_EQ(expanded("h${1}", 7), "h8");
    EXPECT_EQ(expanded("h${-7,3}", 7), "h000");
    EXPECT_EQ(expanded("h${0,4,x}", 171), "h00ab");
    EXPECT_EQ(expanded("h${0,0,X}", 171), "hAB");
    EXPECT_EQ(expanded("h${0,3,o}", 8), "h010");
    EXPECT_EQ(expanded("${0,3,n}", 171), "b.a");
    EXPECT_EQ(expanded("${0,7,N}", 171), "B.A.0.0");
    EXPECT_EQ(expanded("a\\$b$", 1), "a\\$b1");
    EXPECT_EQ(expanded("a$$b$", 1), "a\\$b1");
    EXPECT_EQ(expanded("h${-8}", 7), "h-1");
    EXPECT_EQ(expanded("h${-8,4}", 7), "h-001");
}

// What named-checkzone makes of them.
TEST(ExpandPattern, CountsTheDotsOfNibbles) {
    EXPECT_EQ(expanded("${0,1,n}w", 17), "1.1w");
    EXPECT_EQ(expanded("${0,2,n}w", 8), "8.w");
    EXPECT_EQ(expanded("${0,2,n}w", 17), "1.1w");
    EXPECT_EQ(expanded("${0,3,n}w", 1), "1.0w");
    EXPECT_EQ(expanded("${0,4,n}w", 1), "1.0.w");
    EXPECT_EQ(expanded("${0,4,n}w", 17), "1.1.w");
}

TEST(ExpandPattern, RefusesModifiersItDoesNotKnow) {
    for (const char* text :
         {"${", "${}", "${a}", "${1,64}", "${1,1,z}", "${1,1,dd}", "${-8,1,x}"}) {
        EXPECT_EQ(expanded(text, 7), "refused") << text;
    }
}

}  // namespace
}  // namespace nearcast::dns
