// SPDX-License-Identifier: Apache-2.0

#include "lab/topology.h"

#include <gtest/gtest.h>

#include "lab/topology_file.h"

namespace nearcast::lab {
namespace {

class DefaultTopology : public testing::Test {
 protected:
    [[nodiscard]] std::string nearest(std::string_view city) const {
        return nearest_pop(topology_, **topology_.pick(RouterKind::Client, city))->name;
    }
    [[nodiscard]] size_t upstreams_of(const Router& router) const {
        size_t count = 0;
        for (const Link& link : topology_.links) count += link.b == router.name ? 1U : 0U;
        return count;
    }

    Topology topology_ = default_topology();
};

TEST_F(DefaultTopology, HasFivePopsAndTwelveCities) {
    EXPECT_EQ(topology_.of_kind(RouterKind::Pop).size(), 5U);
    EXPECT_EQ(topology_.of_kind(RouterKind::Client).size(), 12U);
    EXPECT_EQ(topology_.of_kind(RouterKind::Server).size(), 1U);
}

TEST_F(DefaultTopology, GivesEveryPopTwoUpstreams) {
    for (const Router* pop : topology_.of_kind(RouterKind::Pop)) {
        EXPECT_GE(upstreams_of(*pop), 2U) << pop->name;
    }
}

TEST_F(DefaultTopology, KnowsTheNearestPopOfACity) {
    EXPECT_EQ(nearest("tokyo"), "sin");
    EXPECT_EQ(nearest("London"), "fra");
    EXPECT_EQ(nearest("BUENOS-AIRES"), "gru");
    EXPECT_EQ(nearest("auckland"), "syd");
}

TEST_F(DefaultTopology, PicksByNameAndByCity) {
    EXPECT_EQ((*topology_.pick(RouterKind::Pop, "Singapore"))->name, "sin");
    EXPECT_EQ((*topology_.pick(RouterKind::Pop, "SIN"))->name, "sin");
    const auto none = topology_.pick(RouterKind::Pop, "atlantis");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().hint, "one of: fra, nyc, gru, sin, syd");
}

TEST_F(DefaultTopology, DerivesDelaysFromDistances) {
    for (const Link& link : topology_.links) {
        if (link.joins("t2-tokyo", "t2-sin")) {
            EXPECT_NEAR(static_cast<double>(link.delay.count()), 37200, 300);
        }
    }
}

TEST_F(DefaultTopology, SurvivesBeingWrittenAndRead) {
    const auto again = parse_topology(to_toml(topology_), "again.toml");
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_EQ(again->routers.size(), topology_.routers.size());
    ASSERT_EQ(again->links.size(), topology_.links.size());
    EXPECT_EQ(to_toml(*again), to_toml(topology_));
}

}  // namespace
}  // namespace nearcast::lab
