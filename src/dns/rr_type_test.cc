// SPDX-License-Identifier: Apache-2.0

#include "dns/rr_type.h"

#include <gtest/gtest.h>

#include "dns/rr_layout.h"

namespace nearcast::dns {
namespace {

TEST(RRType, ReadsBackEveryMnemonicItPrints) {
    for (const RRLayout& row : rr_layouts()) {
        EXPECT_EQ(parse_rr_type(to_text(row.type)), row.type) << row.mnemonic;
        EXPECT_EQ(&rr_layout(row.type), &row) << row.mnemonic;
    }
}

TEST(RRType, IgnoresCaseAndTakesTheGenericForm) {
    EXPECT_EQ(parse_rr_type("nsec3param"), RRType::NSEC3PARAM);
    EXPECT_EQ(parse_rr_type("TYPE65280"), static_cast<RRType>(65280));
    EXPECT_EQ(parse_rr_type("type1"), RRType::A);
    EXPECT_EQ(to_text(static_cast<RRType>(65280)), "TYPE65280");
}

TEST(RRType, RefusesWordsThatAreNone) {
    for (const char* word : {"", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "IN", "3600", "www"}) {
        EXPECT_FALSE(parse_rr_type(word)) << word;
    }
}

TEST(RRType, TellsMetaTypesFromThoseOfAZone) {
    EXPECT_TRUE(is_meta_type(RRType::OPT));
    EXPECT_TRUE(is_meta_type(RRType::AXFR));
    EXPECT_FALSE(is_meta_type(RRType::URI));
}

TEST(RRClass, ReadsBackWhatItPrints) {
    for (const RRClass known : {RRClass::IN, RRClass::CH, RRClass::ANY, RRClass::NONE}) {
        EXPECT_EQ(parse_rr_class(to_text(known)), known);
    }
    EXPECT_EQ(parse_rr_class("in"), RRClass::IN);
    EXPECT_EQ(parse_rr_class("CLASS3"), RRClass::CH);
    EXPECT_FALSE(parse_rr_class("INN"));
}

}  // namespace
}  // namespace nearcast::dns
