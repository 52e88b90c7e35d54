// SPDX-License-Identifier: Apache-2.0

#include "lab/grown_topology.h"

#include <set>

#include <gtest/gtest.h>

#include "lab/cities.h"
#include "lab/topology_file.h"

namespace nearcast::lab {
namespace {

TEST(GrownTopology, FiftyPopsMakeAboutAHundredAndFiftyRouters) {
    const auto topology = grow_topology(50, 1);
    ASSERT_TRUE(topology) << topology.error().message;
    EXPECT_EQ(topology->of_kind(RouterKind::Pop).size(), 50U);
    EXPECT_GE(topology->routers.size(), 140U);
    EXPECT_LE(topology->routers.size(), 165U);
}

TEST(GrownTopology, SpreadsOverAllContinents) {
    const auto topology = grow_topology(50, 1);
    ASSERT_TRUE(topology);
    std::set<std::string_view> continents;
    for (const Router* pop : topology->of_kind(RouterKind::Pop)) {
        continents.insert(find_city(pop->city)->continent);
    }
    EXPECT_EQ(continents.size(), 6U);
}

TEST(GrownTopology, IsTheSameForTheSameSeed) {
    EXPECT_EQ(to_toml(*grow_topology(20, 7)), to_toml(*grow_topology(20, 7)));
    EXPECT_NE(to_toml(*grow_topology(20, 7)), to_toml(*grow_topology(20, 8)));
}

TEST(GrownTopology, GivesEveryPopTwoUpstreams) {
    for (const size_t pops : {2U, 5U, 12U, 100U}) {
        const auto topology = grow_topology(pops, 1);
        ASSERT_TRUE(topology) << pops << ": " << topology.error().message;
        for (const Router* pop : topology->of_kind(RouterKind::Pop)) {
            size_t upstreams = 0;
            for (const Link& link : topology->links) upstreams += link.b == pop->name ? 1U : 0U;
            EXPECT_EQ(upstreams, 2U) << pop->name;
        }
    }
}

TEST(GrownTopology, RefusesWhatIsTooSmallOrTooLarge) {
    EXPECT_FALSE(grow_topology(1, 1));
    EXPECT_FALSE(grow_topology(kPopsMax + 1, 1));
}

}  // namespace
}  // namespace nearcast::lab
