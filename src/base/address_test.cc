// SPDX-License-Identifier: Apache-2.0

#include "base/address.h"

#include <cstring>

#include <gtest/gtest.h>

namespace nearcast::base {
namespace {

TEST(Address, PrintsWhatItParsed) {
    for (const char* text : {"192.0.2.53:53", "[2001:db8::53]:5353", "0.0.0.0:0"}) {
        const auto address = parse_socket_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_text(*address), text);
    }
}

TEST(Address, RefusesWhatIsNoAddress) {
    for (const char* text : {"192.0.2.53", "2001:db8::53:53", "[192.0.2.1]:53", "host:53",
                             "192.0.2.53:65536", "192.0.2.53:", ""}) {
        EXPECT_FALSE(parse_socket_address(text)) << text;
    }
}

TEST(Address, SurvivesTheKernelsForm) {
    for (const char* text : {"192.0.2.53:53", "[2001:db8::53]:53"}) {
        const SocketAddress address = *parse_socket_address(text);
        const NativeAddress native(address);
        sockaddr_storage storage{};
        std::memcpy(&storage, native.data(), native.size());
        EXPECT_EQ(from_native(storage), address);
    }
}

TEST(Prefix, ContainsItsAddressesAndNoOthers) {
    const IpPrefix prefix = *parse_ip_prefix("192.0.2.128/25");
    EXPECT_TRUE(prefix.contains(*parse_ip_address("192.0.2.255")));
    EXPECT_FALSE(prefix.contains(*parse_ip_address("192.0.2.127")));
    EXPECT_FALSE(prefix.contains(*parse_ip_address("2001:db8::1")));
    EXPECT_TRUE(parse_ip_prefix("192.0.2.0/23").value().contains(prefix));
    EXPECT_FALSE(prefix.contains(*parse_ip_prefix("192.0.2.0/24")));
}

TEST(Prefix, RefusesHostBitsAndShowsThePrefixMeant) {
    const auto prefix = parse_ip_prefix("2001:db8:0:1::/48");
    ASSERT_FALSE(prefix);
    EXPECT_EQ(prefix.error().hint, "2001:db8::/48");
}

}  // namespace
}  // namespace nearcast::base
