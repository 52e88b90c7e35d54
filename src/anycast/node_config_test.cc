// SPDX-License-Identifier: Apache-2.0

#include "anycast/node_config.h"

#include <gtest/gtest.h>

namespace nearcast::anycast {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kExample = R"([node]
name = "sin1"
pop = "sin"
[serve]
listen = ["192.0.2.53:53", "[2001:db8:53::53]:53", "127.0.0.1:5300"]
[anycast]
prefixes = ["192.0.2.0/24", "2001:db8:53::/48"]
covering = ["192.0.2.0/23"]
[guard]
hang_limit = "500ms"
[routing]
daemon = "bird"
asn = 65010
router_id = "10.0.0.1"
[[routing.neighbor]]
name = "transit-a"
address = "198.51.100.1"
asn = 65001
role = "customer"
[[routing.neighbor]]
name = "transit-b"
address = "2001:db8:b::1"
asn = 65002
multihop = true
)";

// kExample with its first `from` replaced by `to`.
std::string changed(std::string_view from, std::string_view to) {
    std::string text(kExample);
    return text.replace(text.find(from), from.size(), to);
}

std::string problem_of(const std::string& text) {
    const auto config = parse_node_config(text, "node.toml");
    return config ? "" : to_text(config.error());
}

TEST(NodeConfig, ReadsWhatTheFileSaysAndArguesForTheRest) {
    const auto config = parse_node_config(kExample, "node.toml");
    ASSERT_TRUE(config) << to_text(config.error());
    EXPECT_EQ(config->name, "sin1");
    EXPECT_EQ(config->guard.hang_limit, 500ms);
    EXPECT_EQ(config->guard.probe_interval, 50ms);
    EXPECT_EQ(config->live_device, "nc-live0");
    EXPECT_EQ(config->routing.control_socket, "/run/bird/bird.ctl");
    ASSERT_EQ(config->routing.neighbors.size(), 2U);
    EXPECT_EQ(config->routing.neighbors[0].role, BgpRole::Customer);
}

TEST(NodeConfig, TheGuardAsksOnlyAddressesInAnnouncedPrefixes) {
    EXPECT_EQ(parse_node_config(kExample, "")->service_addresses().size(), 2U);
}

TEST(NodeConfig, TheZoneToProbeIsWrittenWithOrWithoutItsLastDot) {
    for (const char* zone : {"probe_zone = \"example.org\"", "probe_zone = \"example.org.\""}) {
        const auto config = parse_node_config(changed("hang_limit = \"500ms\"", zone), "");
        ASSERT_TRUE(config) << to_text(config.error());
        EXPECT_EQ(config->probe_zone, "example.org.");
    }
}

TEST(NodeConfig, AMultihopSessionHasNoBfdUnlessToldSo) {
    const auto config = parse_node_config(kExample, "");
    EXPECT_TRUE(config->routing.neighbors[0].has_bfd);
    EXPECT_FALSE(config->routing.neighbors[1].has_bfd);
}

TEST(NodeConfig, RefusesWhatDoesNotFitTogether) {
    struct Case {
        const char* from;
        const char* to;
        const char* problem;
    };
    const Case cases[] = {
        {"pop = \"sin\"", "pop = \"Sin\"",
         "node.toml:3: pop: found \"Sin\"\n"
         "  try: lower case letters, digits and hyphens, as in \"sin1\""},
        {"\"192.0.2.53:53\", ", "",
         "node.toml:7: prefixes: no address in serve.listen lies in 192.0.2.0/24\n"
         "  try: listen on an address of the prefix, or do not announce it"},
        {"192.0.2.53:53", "192.0.2.53:0",
         "node.toml:5: listen: \"192.0.2.53:0\" has no port where it could be asked\n"
         "  try: 192.0.2.53:53"},
        {"192.0.2.0/24", "0.0.0.0/0",
         "node.toml:7: prefixes: 0.0.0.0/0 is every address there is\n"
         "  try: the prefix that is yours, as in \"192.0.2.0/24\""},
        {"192.0.2.0/23", "0.0.0.0/0",
         "node.toml:8: covering: 0.0.0.0/0 is every address there is\n"
         "  try: the prefix that is yours, as in \"192.0.2.0/23\""},
        {"192.0.2.0/23", "198.51.100.0/23",
         "node.toml:8: covering: 198.51.100.0/23 is not shorter than any prefix in it\n"
         "  try: a prefix that holds one of anycast.prefixes, as 192.0.2.0/23 does 192.0.2.0/24"},
        {"500ms", "100ms",
         "node.toml:10: hang_limit: is 100ms, too few questions before the verdict\n"
         "  try: hang_limit = \"200ms\" or more"},
        {"hang_limit = \"500ms\"", "probe_zone = \"a..b\"",
         "node.toml:10: probe_zone: \"a..b\" has an empty label (a dot too many)\n"
         "  try: www.example.org."},
        {"hang_limit", "hang_limits",
         "node.toml:10: unknown key \"hang_limits\"\n"
         "  try: hang_limit"},
        {"\"bird\"", "\"quagga\"",
         "node.toml:12: daemon: found \"quagga\"\n  try: one of \"bird\", \"frr\", \"none\""},
        {"asn = 65010\n", "", "node.toml:11: \"asn\" is missing\n  try: asn = 65010"},
        {"transit-b", "transit-a",
         "node.toml:21: name: \"transit-a\" is the name of another\n"
         "  try: a name of its own for each neighbour"},
    };
    for (const auto& [from, to, problem] : cases) EXPECT_EQ(problem_of(changed(from, to)), problem);
}

}  // namespace
}  // namespace nearcast::anycast
