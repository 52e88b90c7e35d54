// SPDX-License-Identifier: Apache-2.0
//
// What is written is what the daemons themselves accept.

#include "anycast/routing_config.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace nearcast::anycast {
namespace {

constexpr const char* kBird = "/usr/sbin/bird";
constexpr const char* kVtysh = "/usr/bin/vtysh";

NodeConfig config_of(const std::string& more, const std::string& anycast = "") {
    const auto config = parse_node_config(R"([node]
name = "sin1"
pop = "sin"
[serve]
listen = ["192.0.2.53:53", "[2001:db8:53::53]:53"]
[anycast]
prefixes = ["192.0.2.0/24", "2001:db8:53::/48"]
)" + anycast + R"([routing]
daemon = "bird"
asn = 65010
router_id = "10.0.0.1"
)" + more,
                                          "node.toml");
    EXPECT_TRUE(config) << to_text(config.error());
    return *config;
}

std::vector<NodeConfig> many_configs() {
    const std::string transit = R"([[routing.neighbor]]
name = "transit-a"
address = "198.51.100.1"
asn = 65001
)";
    return {
        config_of(transit),
        config_of(transit + "role = \"customer\"\nprepend = 2\nlocal_address = \"198.51.100.2\"\n"),
        config_of("import = \"none\"\n" + transit + "multihop = true\npassword = \"s3cret\"\n"),
        config_of("import = \"all\"\nbfd_interval = \"100ms\"\nsoft_prepend = 0\n" + transit +
                      R"(role = "peer"
[[routing.neighbor]]
name = "transit-b"
address = "2001:db8:b::1"
asn = 4200000001
role = "provider"
[[routing.neighbor]]
name = "ix-rs1"
address = "2001:db8:1::1"
asn = 65003
role = "rs-client"
prefix_max = 500000
)",
                  "covering = [\"192.0.2.0/23\", \"2001:db8:52::/47\"]\n"
                  "live_device = \"any-live1\"\npref_device = \"any-pref1\"\n"),
    };
}

// A file of its own, and what `command` followed by its path prints; empty when it is content.
std::string complaints(const std::string& command, const std::string& text) {
    const std::string path =
        std::filesystem::temp_directory_path() / ("nc-routing-" + std::to_string(getpid()));
    std::ofstream(path) << text;
    FILE* const output = popen((command + ' ' + path + " 2>&1").c_str(), "r");
    std::string said;
    for (int byte = 0; (byte = fgetc(output)) != EOF;) said += static_cast<char>(byte);
    const int status = pclose(output);
    std::filesystem::remove(path);
    return status == 0 ? "" : said + text;
}

TEST(RoutingConfig, BirdAcceptsWhatIsWritten) {
    if (access(kBird, X_OK) != 0) GTEST_SKIP() << "bird2 is not installed";
    for (const NodeConfig& config : many_configs()) {
        EXPECT_EQ(complaints(std::string(kBird) + " -p -c", render_bird_config(config)), "");
    }
}

TEST(RoutingConfig, FrrAcceptsWhatIsWritten) {
    if (access(kVtysh, X_OK) != 0) GTEST_SKIP() << "frr is not installed";
    for (const NodeConfig& config : many_configs()) {
        EXPECT_EQ(complaints(std::string(kVtysh) + " -C -f", render_frr_config(config)), "");
    }
}

TEST(RoutingConfig, ASessionWithoutBfdHasAShortHoldTime) {
    const auto configs = many_configs();
    EXPECT_TRUE(render_bird_config(configs[0]).contains("hold time 90;"));
    EXPECT_TRUE(render_bird_config(configs[2]).contains("hold time 9;"));
    EXPECT_TRUE(render_frr_config(configs[2]).contains("timers 3 9\n"));
}

// Seen with FRR 8.4.4: four of five withdrawals right after the session came up were never sent.
TEST(RoutingConfig, FrrMayNotHoldItsFirstUpdatesTogether) {
    EXPECT_TRUE(render_frr_config(many_configs()[0]).contains("coalesce-time 0\n"));
}

TEST(RoutingConfig, GracefulRestartIsOff) {
    for (const NodeConfig& config : many_configs()) {
        EXPECT_TRUE(render_bird_config(config).contains("graceful restart off;"));
        EXPECT_TRUE(render_frr_config(config).contains("bgp graceful-restart-disable\n"));
    }
}

}  // namespace
}  // namespace nearcast::anycast
