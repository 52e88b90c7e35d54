// SPDX-License-Identifier: Apache-2.0

#include "lab/topology_file.h"

#include <gtest/gtest.h>

namespace nearcast::lab {
namespace {

constexpr std::string_view kSmall = R"([[transit]]
name = "t"
city = "paris"
[[pop]]
name = "par"
city = "paris"
upstreams = ["t"]
[[client]]
name = "madrid"
upstreams = ["t"]
)";

base::Error error_of(std::string_view more) {
    const auto parsed = parse_topology(std::string(kSmall) + std::string(more), "t.toml");
    return parsed ? base::Error{"no error"} : parsed.error();
}

TEST(TopologyFile, ReadsTheSmallestTopology) { EXPECT_EQ(error_of("").message, "no error"); }

TEST(TopologyFile, TakesAPlaceThatIsNotInTheList) {
    const auto parsed = parse_topology(std::string(kSmall) + R"([[client]]
name = "pole"
latitude = -90.0
longitude = 0.0
upstreams = ["t"]
)",
                                       "t.toml");
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->find("pole")->place.latitude, -90);
}

TEST(TopologyFile, LetsALinkSetItsDelayAndLoss) {
    const auto parsed = parse_topology(std::string(kSmall) + R"([[link]]
between = ["par", "t"]
delay_ms = 4.5
loss = 0.25
)",
                                       "t.toml");
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->links.front().delay, Delay(4500));
    EXPECT_EQ(parsed->links.front().loss, 0.25);
}

TEST(TopologyFile, SaysWhatIsWrongAndWhere) {
    EXPECT_EQ(error_of("[[client]]\nname = \"x\"\ncity = \"tokio\"\nupstreams = [\"t\"]\n").hint,
              "city = \"tokyo\", or give latitude and longitude");
    EXPECT_EQ(error_of("[[client]]\nname = \"rome\"\nupstreams = [\"u\"]\n").message,
              "t.toml: no router is named u");
    EXPECT_EQ(error_of("[[client]]\nname = \"rome\"\n").message, "t.toml: router rome has no link");
    EXPECT_EQ(error_of("[[client]]\nname = \"madrid\"\nupstreams = [\"t\"]\n").message,
              "t.toml: two routers are named madrid");
    EXPECT_EQ(error_of("[[link]]\nbetween = [\"par\", \"madrid\"]\n").message,
              "t.toml:12: between: no such link");
    EXPECT_EQ(error_of("[[link]]\nbetween = [\"par\", \"t\"]\nloss = 2.0\n").message,
              "t.toml:13: loss: it is not from 0 to 1");
}

}  // namespace
}  // namespace nearcast::lab
