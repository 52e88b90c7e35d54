// SPDX-License-Identifier: Apache-2.0

#include "serve/socket_address.h"

#include <gtest/gtest.h>

namespace nearcast::serve {
namespace {

std::string round_trip(std::string_view text) {
    const auto address = parse_listen_address(text);
    return address ? to_text(*address) : "refused";
}

TEST(ListenAddress, ReadsBothFamiliesWithAndWithoutAPort) {
    EXPECT_EQ(round_trip("192.0.2.53:5353"), "192.0.2.53:5353");
    EXPECT_EQ(round_trip("192.0.2.53"), "192.0.2.53:53");
    EXPECT_EQ(round_trip("[2001:db8::53]:5353"), "[2001:db8::53]:5353");
    EXPECT_EQ(round_trip("[2001:db8::53]"), "[2001:db8::53]:53");
    EXPECT_EQ(round_trip("2001:db8::53"), "[2001:db8::53]:53");
}

TEST(ListenAddress, RefusesWhatItCannotBindTo) {
    for (const char* text : {"", ":53", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:65536",
                             "192.0.2.53:53x", "192.0.2:53", "[2001:db8::53", "[2001:db8::53]53",
                             "[::1%no-such-device]:53", "ns1.example.org:53"}) {
        EXPECT_EQ(round_trip(text), "refused") << text;
    }
}

TEST(ListenAddress, AnErrorNamesTheAddressAndTheForm) {
    const auto address = parse_listen_address("localhost:53");
    ASSERT_FALSE(address);
    EXPECT_NE(address.error().message.find("localhost:53"), std::string::npos);
    EXPECT_NE(address.error().hint.find("--listen"), std::string::npos);
}

TEST(SocketAddress, TellsWildcardAndLoopback) {
    EXPECT_TRUE(parse_listen_address("0.0.0.0:53")->is_wildcard());
    EXPECT_TRUE(parse_listen_address("[::]:53")->is_wildcard());
    EXPECT_FALSE(parse_listen_address("127.0.0.1:53")->is_wildcard());
    EXPECT_TRUE(parse_listen_address("127.3.2.1:53")->is_loopback());
    EXPECT_TRUE(parse_listen_address("[::1]:53")->is_loopback());
    EXPECT_FALSE(parse_listen_address("[2001:db8::1]:53")->is_loopback());
}

TEST(SocketAddress, ComparesHostsWithoutPorts) {
    const SocketAddress one = *parse_listen_address("192.0.2.1:53");
    EXPECT_TRUE(one.has_address_of(*parse_listen_address("192.0.2.1:54")));
    EXPECT_FALSE(one.has_address_of(*parse_listen_address("192.0.2.2:53")));
    EXPECT_FALSE(one.has_address_of(*parse_listen_address("[::1]:53")));
}

}  // namespace
}  // namespace nearcast::serve
