// SPDX-License-Identifier: Apache-2.0

#include "lab/changed_topology.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "lab/plan.h"
#include "lab/topology_file.h"

namespace nearcast::lab {
namespace {

// Every address that a router of the plan has, by device.
std::map<std::string, std::string> addresses(const Plan& plan) {
    std::map<std::string, std::string> all;
    for (size_t i = 0; i < plan.nodes.size(); ++i) {
        const std::string& name = plan.router(i).name;
        all[name] = to_text(plan.nodes[i].router_id) + ' ' + to_text(plan.nodes[i].management);
        for (const Network& network : plan.nodes[i].networks) {
            all[name + " lo"] += to_text(network.address) + ' ';
        }
        for (const Interface& interface : plan.nodes[i].interfaces) {
            all[name + ' ' + interface.device] = to_text(interface.v4) + to_text(interface.v6);
        }
    }
    return all;
}

// As the next command finds it.
Topology kept(const Topology& topology) {
    const auto read = parse_topology(to_toml(topology), "topology.toml");
    EXPECT_TRUE(read) << read.error().message;
    return read.value_or(Topology{});
}

TEST(ChangedTopology, ANewPopLeavesAllAddressesAsTheyAre) {
    const auto before = addresses(make_plan(default_topology()));
    const auto grown = with_pop(default_topology(), "tokyo", "");
    ASSERT_TRUE(grown) << grown.error().message;
    const auto after = addresses(make_plan(kept(*grown)));
    for (const auto& [what, address] : before) EXPECT_EQ(after.at(what), address) << what;
    EXPECT_GT(after.size(), before.size());
    EXPECT_TRUE(after.contains("p-tokyo"));
}

TEST(ChangedTopology, AddressesAreNotUsedTwiceAfterAPopHasGone) {
    auto topology = without_pop(default_topology(), "sin");
    ASSERT_TRUE(topology) << topology.error().message;
    EXPECT_EQ(topology->find("sin"), nullptr);
    topology = with_pop(kept(*topology), "Singapore", "sin");
    ASSERT_TRUE(topology) << topology.error().message;
    const auto before = addresses(make_plan(default_topology()));
    const auto after = addresses(make_plan(kept(*topology)));
    EXPECT_EQ(after.at("fra"), before.at("fra"));
    std::map<std::string, std::string> owners;
    for (const auto& [what, address] : after) {
        if (what.ends_with(" lo")) continue;  // Service addresses are everywhere.
        EXPECT_TRUE(owners.emplace(address, what).second) << what << ' ' << owners[address];
    }
}

TEST(ChangedTopology, ANewPopBuysFromTheRegionalNetworksNearest) {
    const auto grown = with_pop(default_topology(), "Frankfurt", "fra2");
    ASSERT_TRUE(grown);
    const auto is_upstream = [](const Link& link) {
        return link.a == "t2-fra" && link.b == "fra2";
    };
    EXPECT_EQ(std::ranges::count_if(grown->links, is_upstream), 1);
}

TEST(ChangedTopology, SaysWhatIsWrong) {
    EXPECT_EQ(with_pop(default_topology(), "tokio", "").error().hint, "do you mean tokyo?");
    EXPECT_EQ(with_pop(default_topology(), "tokyo", "sin").error().message,
              "two routers are named sin");
    Topology topology = default_topology();
    for (const char* name : {"fra", "nyc", "gru", "sin"}) {
        topology = without_pop(topology, name).value_or(topology);
    }
    EXPECT_EQ(without_pop(topology, "syd").error().message, "no PoP");
}

}  // namespace
}  // namespace nearcast::lab
