// SPDX-License-Identifier: Apache-2.0

#include "anycast/joined_node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "anycast/node_config.h"

namespace nearcast::anycast {
namespace {

constexpr std::string_view kAnswer = R"({"node": "sin1", "pop": "sin", "certificate": "C",
"authority": "A", "catalog": "catalog.nearcast.", "primaries": ["192.0.2.10:853"],
"server_name": "primary.nearcast", "key": {"name": "network.nearcast.",
"algorithm": "hmac-sha256", "secret": "AAAA"}, "prefixes": ["203.0.113.0/24", "2001:db8::/48"],
"covering": ["203.0.112.0/23"], "addresses": ["203.0.113.53", "2001:db8::53"],
"routing": {"daemon": "bird", "asn": 65010, "neighbors": [
{"name": "transit", "address": "198.51.100.1", "asn": 65001, "role": "customer",
"password": "secret"}, {"name": "far", "address": "198.51.100.2", "asn": 65002,
"multihop": true}]}})";

NodePlace place() { return {.address = *base::parse_socket_address("198.51.100.7:53")}; }

TEST(JoinedNode, BecomesAFileThatTheNodeReads) {
    const auto node = parse_joined_node(kAnswer);
    ASSERT_TRUE(node) << node.error().message;
    const auto config = parse_node_config(render_node_toml(*node, place()), "node.toml");
    ASSERT_TRUE(config) << config.error().message << ' ' << config.error().hint;
    EXPECT_EQ(config->name, "sin1");
    EXPECT_EQ(config->service_addresses().size(), 2U);
    EXPECT_EQ(base::to_text(config->listen.back()), "198.51.100.7:53");
    ASSERT_EQ(config->routing.neighbors.size(), 2U);
    EXPECT_EQ(config->routing.neighbors[0].password, "secret");
    EXPECT_TRUE(config->routing.neighbors[0].has_bfd);
    EXPECT_TRUE(config->routing.neighbors[1].is_multihop);
    EXPECT_FALSE(config->routing.neighbors[1].has_bfd);
    EXPECT_EQ(base::to_text(config->routing.router_id), "198.51.100.7");
}

TEST(JoinedNode, TakesWhatTheNetworkAndItsPlaceSayOfRouting) {
    auto node = parse_joined_node(kAnswer);
    ASSERT_TRUE(node);
    node->import_policy = "all";
    node->bfd_interval = "100ms";
    NodePlace somewhere = place();
    somewhere.threads = 3;
    somewhere.control_socket = "/run/other/bird.ctl";
    const auto config = parse_node_config(render_node_toml(*node, somewhere), "node.toml");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->threads, 3U);
    EXPECT_EQ(config->routing.control_socket, "/run/other/bird.ctl");
    EXPECT_EQ(config->routing.import_policy, ImportPolicy::All);
    EXPECT_EQ(config->routing.bfd_interval, std::chrono::milliseconds(100));
}

TEST(JoinedNode, WithoutAnAsnOrNeighborsSpeaksToNobody) {
    for (const bool has_asn : {false, true}) {
        auto node = parse_joined_node(kAnswer);
        ASSERT_TRUE(node);
        if (has_asn) {
            node->neighbors.clear();
        } else {
            node->asn = 0;
        }
        const auto config = parse_node_config(render_node_toml(*node, place()), "node.toml");
        ASSERT_TRUE(config) << config.error().message;
        EXPECT_EQ(config->routing.daemon, RoutingDaemonKind::None);
    }
}

TEST(JoinedNode, CannotBreakOutOfAString) {
    auto node = parse_joined_node(kAnswer);
    ASSERT_TRUE(node);
    node->catalog = "x\"\n[node]\nuser = \"root";
    const std::string text = render_node_toml(*node, place());
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("\nuser")));
}

TEST(JoinedNode, IsRefusedWhenSomethingIsMissing) {
    EXPECT_FALSE(parse_joined_node(""));
    EXPECT_FALSE(parse_joined_node("{}"));
    EXPECT_FALSE(parse_joined_node(R"({"node": 7})"));
    EXPECT_FALSE(parse_joined_node("<html>"));
}

}  // namespace
}  // namespace nearcast::anycast
