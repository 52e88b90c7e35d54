// SPDX-License-Identifier: Apache-2.0

#include "serve/listen_address.h"

#include <gtest/gtest.h>

namespace nearcast::serve {
namespace {

std::string round_trip(std::string_view text) {
    const auto address = parse_listen_address(text);
    return address ? to_text(*address) : "refused";
}

TEST(ListenAddress, HasPort53UnlessToldOtherwise) {
    EXPECT_EQ(round_trip("192.0.2.53:5353"), "192.0.2.53:5353");
    EXPECT_EQ(round_trip("192.0.2.53"), "192.0.2.53:53");
    EXPECT_EQ(round_trip("[2001:db8::53]:5353"), "[2001:db8::53]:5353");
    EXPECT_EQ(round_trip("2001:db8::53"), "[2001:db8::53]:53");
}

TEST(ListenAddress, HasThePortOfItsTransportWhereNoneIsSaid) {
    EXPECT_EQ(to_text(*parse_tls_address("192.0.2.53")), "192.0.2.53:853");
    EXPECT_EQ(to_text(*parse_tls_address("192.0.2.53:5353")), "192.0.2.53:5353");
}

TEST(ListenAddress, AnErrorNamesTheTextAndTheForm) {
    const auto address = parse_listen_address("ns1.example.org:53");
    ASSERT_FALSE(address);
    EXPECT_NE(address.error().message.find("ns1.example.org:53"), std::string::npos);
    EXPECT_NE(address.error().hint.find("[2001:db8::53]:53"), std::string::npos);
}

TEST(ListenAddress, RefusesAPortThatNobodyCanAsk) {
    const auto address = parse_listen_address("192.0.2.53:0");
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().hint, "192.0.2.53:53");
}

// Whoever forgot the brackets would listen on an address that nobody has.
TEST(ListenAddress, RefusesAnAddressThatCouldBeAnotherWithAPort) {
    const auto address = parse_listen_address("::1:53");
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().hint, "[::1]:53, or [::1:53]:53");

    EXPECT_EQ(round_trip("[2001:db8::1:53]:53"), "[2001:db8::1:53]:53");
    EXPECT_EQ(round_trip("2001:db8::1:fe"), "[2001:db8::1:fe]:53");
    EXPECT_EQ(round_trip("2001:db8::1:0"), "[2001:db8::1:0]:53");
    EXPECT_EQ(round_trip("2001:db8:0:0:0:0:0:53"), "[2001:db8::53]:53");
}

TEST(ListenAddress, SaysWhatIsMeantByTheFormOfOtherServers) {
    const std::pair<const char*, const char*> examples[] = {
        {"::1@53", "[::1]:53"}, {"192.0.2.1@5353", "192.0.2.1:5353"}, {"::1:15353", "[::1]:15353"}};
    for (const auto& [text, meant] : examples) {
        const auto address = parse_listen_address(text);
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error().hint, meant) << text;
    }
}

TEST(ListenAddress, TellsWildcards) {
    EXPECT_TRUE(is_wildcard(*parse_listen_address("0.0.0.0:53")));
    EXPECT_TRUE(is_wildcard(*parse_listen_address("[::]:53")));
    EXPECT_FALSE(is_wildcard(*parse_listen_address("127.0.0.1:53")));
}

TEST(ListenAddress, StandsInTheListsOnce) {
    const auto plain = *parse_listen_address("192.0.2.53:53");
    const auto other = *parse_listen_address("192.0.2.53:5353");
    const auto tls = *parse_tls_address("192.0.2.53");
    const base::SocketAddress distinct[] = {plain, other};
    const base::SocketAddress twice[] = {plain, other, plain};
    EXPECT_TRUE(check_are_distinct(distinct, {{tls}}));
    EXPECT_FALSE(check_are_distinct(twice, {}));
    const auto of_both = check_are_distinct(distinct, {{other}});
    ASSERT_FALSE(of_both);
    EXPECT_TRUE(of_both.error().message.contains("192.0.2.53:5353")) << of_both.error().message;
}

TEST(OpenSocket, BindsAnAddressThatIsNotThereYet) {
    EXPECT_TRUE(open_udp_socket({*base::parse_ip_address("192.0.2.53"), 0}));
    EXPECT_TRUE(open_tcp_listener({*base::parse_ip_address("2001:db8::53"), 0}));
}

}  // namespace
}  // namespace nearcast::serve
