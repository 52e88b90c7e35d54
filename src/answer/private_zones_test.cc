// SPDX-License-Identifier: Apache-2.0

#include "answer/private_zones.h"

#include <gtest/gtest.h>

#include "answer/served_zones.h"

namespace nearcast::answer {
namespace {

constexpr const char* kNotThere = "REFUSED\n";

ResponderOptions options() {
    ResponderOptions options;
    options.private_zones.add(*dns::parse_name("Catalog.example."));
    return options;
}

class PrivateZonesTest : public testing::Test {
 protected:
    PrivateZonesTest() {
        zones_.serve("catalog.example.", "@ 0 SOA . . 1 2 3 4 5\n@ 0 NS .\nx 0 TXT secret\n");
        zones_.serve("example.org.",
                     "@ 0 SOA . . 1 2 3 4 5\n@ 0 NS .\na 0 CNAME x.catalog.example.\n");
    }

    // With the answer, whether it was left to others to decide.
    std::string ask(const char* question, bool is_trusted) {
        const auto query = query_for(question);
        std::vector<uint8_t> room(dns::kMessageSizeMax);
        Exchange exchange{.query = query, .room = room, .is_trusted = is_trusted};
        zones_.responder().respond({&exchange, 1});
        is_special_ = exchange.is_special;
        room.resize(exchange.response_size);
        return describe(room);
    }

    ServedZones zones_{options()};
    bool is_special_ = false;
};

TEST_F(PrivateZonesTest, AreNotThereForThePublic) {
    EXPECT_EQ(ask("x.catalog.example TXT", false), kNotThere);
    EXPECT_TRUE(is_special_);
    EXPECT_EQ(ask("CATALOG.example SOA", false), kNotThere);
    EXPECT_TRUE(is_special_);
    EXPECT_EQ(ask("example TXT", false), kNotThere);
    EXPECT_FALSE(is_special_);
}

TEST_F(PrivateZonesTest, AreAnsweredToWhoIsTrusted) {
    EXPECT_EQ(ask("x.catalog.example TXT", true),
              "NOERROR aa\nanswer: x.catalog.example. 0 IN TXT \"secret\"\n");
    EXPECT_FALSE(is_special_);
}

TEST_F(PrivateZonesTest, AreNotReachedByAnAlias) {
    EXPECT_EQ(ask("a.example.org TXT", false),
              "NOERROR aa\nanswer: a.example.org. 0 IN CNAME x.catalog.example.\n");
    EXPECT_NE(ask("a.example.org TXT", true).find("secret"), std::string::npos);
}

TEST(MorePrivateZones, ComeAndGo) {
    zone::LiveNames more;
    ResponderOptions with_more = options();
    with_more.more_private_zones = &more;
    ServedZones zones(with_more);
    for (const char* apex : {"catalog.example.", "other.example."}) {
        zones.serve(apex, "@ 0 SOA . . 1 2 3 4 5\n@ 0 NS .\nx 0 TXT secret\n");
    }
    EXPECT_NE(zones.ask("x.other.example TXT"), kNotThere);
    more.add(*dns::parse_name("Other.example."));
    EXPECT_EQ(zones.ask("x.other.example TXT"), kNotThere);
    EXPECT_EQ(zones.ask("x.catalog.example TXT"), kNotThere);
    more.remove(*dns::parse_name("other.example."));
    EXPECT_NE(zones.ask("x.other.example TXT"), kNotThere);
    EXPECT_EQ(zones.ask("x.catalog.example TXT"), kNotThere);
}

TEST_F(PrivateZonesTest, HideNothingElse) {
    EXPECT_EQ(ask("b.example.org TXT", false).substr(0, 8), "NXDOMAIN");
    EXPECT_FALSE(is_special_);
}

}  // namespace
}  // namespace nearcast::answer
