// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_table.h"

#include <string>

#include <gtest/gtest.h>

#include "zone/compile.h"
#include "zone/image_builder.h"

namespace nearcast::zone {
namespace {

class ZoneTableTest : public testing::Test {
 protected:
    void publish(std::string_view apex, uint32_t serial = 1) {
        const std::string text =
            "@ 60 SOA n. h. " + std::to_string(serial) + " 2 3 4 5\n@ 60 NS n.\n";
        table_.publish(std::move(compile_zone_text(*dns::parse_name(apex), text).image));
    }
    bool withdraw(std::string_view apex) { return table_.withdraw(*dns::parse_name(apex)); }

    // The serial of the zone with this apex; 0 if there is none.
    uint32_t serial_of(std::string_view apex) {
        const HashedName name(dns::parse_name(apex)->wire());
        const auto zone = table_.find(name.hash(), name.wire());
        return zone ? zone->serial() : 0;
    }

    ZoneTable table_;
};

TEST_F(ZoneTableTest, FindsWhatWasPublishedInAnyCase) {
    EXPECT_EQ(serial_of("example.org."), 0U);
    publish("Example.ORG.", 7);
    EXPECT_EQ(serial_of("example.org."), 7U);
    EXPECT_EQ(serial_of("org."), 0U);
    EXPECT_EQ(serial_of("www.example.org."), 0U);
    EXPECT_EQ(table_.label_count_max(), 2U);
}

TEST_F(ZoneTableTest, ReplacesAZone) {
    publish("example.org.", 7);
    publish("example.org.", 8);
    EXPECT_EQ(serial_of("example.org."), 8U);
    EXPECT_EQ(table_.size(), 1U);
}

TEST_F(ZoneTableTest, ForgetsAZoneAndTakesItAgain) {
    publish("example.org.", 7);
    EXPECT_TRUE(withdraw("example.org."));
    EXPECT_FALSE(withdraw("example.org."));
    EXPECT_EQ(serial_of("example.org."), 0U);
    EXPECT_EQ(table_.size(), 0U);
    publish("example.org.", 9);
    EXPECT_EQ(serial_of("example.org."), 9U);
}

TEST_F(ZoneTableTest, HoldsTheRoot) {
    publish(".", 3);
    EXPECT_EQ(serial_of("."), 3U);
}

TEST_F(ZoneTableTest, GrowsWithoutLosingAny) {
    for (uint32_t i = 1; i <= 1000; ++i) publish("z" + std::to_string(i) + ".example.", i);
    for (uint32_t i = 1; i <= 1000; i += 2) withdraw("z" + std::to_string(i) + ".example.");
    for (uint32_t i = 1001; i <= 2000; ++i) publish("z" + std::to_string(i) + ".example.", i);
    EXPECT_EQ(table_.size(), 1500U);
    for (uint32_t i = 1; i <= 2000; ++i) {
        const uint32_t expected = i <= 1000 && i % 2 == 1 ? 0 : i;
        ASSERT_EQ(serial_of("z" + std::to_string(i) + ".example."), expected);
    }
}

TEST_F(ZoneTableTest, KeepsAReplacedZoneUntilItsReadersHaveGoneOn) {
    publish("example.org.", 7);
    base::Quiescence::Reader reader(table_.quiescence());
    reader.online();
    const HashedName name(dns::parse_name("example.org.")->wire());
    const auto held = table_.find(name.hash(), name.wire());
    publish("example.org.", 8);
    EXPECT_EQ(table_.collect(), 1U);
    EXPECT_EQ(held->serial(), 7U);
    reader.offline();
    EXPECT_EQ(table_.collect(), 0U);
}

}  // namespace
}  // namespace nearcast::zone
