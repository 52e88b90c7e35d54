// SPDX-License-Identifier: Apache-2.0

#include "lab/plan.h"

#include <set>

#include <gtest/gtest.h>

#include "lab/topology_file.h"

namespace nearcast::lab {
namespace {

class PlanTest : public testing::Test {
 protected:
    Plan plan_ = make_plan(default_topology());
};

TEST_F(PlanTest, GivesEveryAddressOnce) {
    std::set<base::IpAddress> seen;
    for (const Node& node : plan_.nodes) {
        EXPECT_TRUE(seen.insert(node.router_id).second);
        for (const Interface& interface : node.interfaces) {
            EXPECT_TRUE(seen.insert(interface.v4).second) << to_text(interface.v4);
            EXPECT_TRUE(seen.insert(interface.v6).second) << to_text(interface.v6);
        }
    }
}

TEST_F(PlanTest, TheEndsOfALinkNameEachOther) {
    const Interface& pop = plan_.node("sin").interfaces.front();
    const Node& transit = plan_.nodes[pop.neighbor];
    for (const Interface& interface : transit.interfaces) {
        if (interface.link != pop.link) continue;
        EXPECT_EQ(interface.device, "to-sin");
        EXPECT_EQ(interface.neighbor_v4, pop.v4);
        EXPECT_EQ(interface.v6, pop.neighbor_v6);
    }
}

TEST_F(PlanTest, DeviceNamesFitTheKernelAndAreUniqueInANamespace) {
    for (const Node& node : plan_.nodes) {
        std::set<std::string> devices;
        for (const Interface& interface : node.interfaces) {
            EXPECT_LE(interface.device.size(), 15U);
            EXPECT_TRUE(devices.insert(interface.device).second) << interface.device;
        }
    }
}

TEST_F(PlanTest, EveryPopHoldsTheServiceAddress) {
    for (const Router* pop : plan_.topology.of_kind(RouterKind::Pop)) {
        EXPECT_EQ(to_text(plan_.node(pop->name).networks.front().address), "192.0.2.53");
        EXPECT_EQ(plan_.node(pop->name).asn, kAnycastAsn);
    }
    EXPECT_EQ(to_text(dns_address(plan_.service, true)), "[2001:db8:53::53]:53");
    EXPECT_EQ(to_text(dns_address(plan_.unicast, false)), "203.0.113.53:53");
}

TEST_F(PlanTest, NetworksContainTheirAddress) {
    for (const Node& node : plan_.nodes) {
        for (const Network& network : node.networks) {
            EXPECT_TRUE(network.prefix.contains(network.address)) << to_text(network.prefix);
        }
    }
}

}  // namespace
}  // namespace nearcast::lab
