// SPDX-License-Identifier: Apache-2.0

#include "base/listener.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

namespace nearcast::base {
namespace {

SocketAddress address(const char* text, uint16_t port = 0) {
    return {*parse_ip_address(text), port};
}

Fd connected_to(const SocketAddress& to) {
    Fd client(::socket(to.ip.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    const NativeAddress native(to);
    if (::connect(client.get(), native.data(), native.size()) != 0) client.reset();
    return client;
}

Arrival next(const Fd& listener) {
    pollfd wait{listener.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 20'000), 1);
    return accept_tcp(listener);
}

TEST(Listener, TakesIpv4UnderItsOwnAddresses) {
    const auto listener = listen_tcp(address("::"), Ipv4::Included);
    ASSERT_TRUE(listener);
    for (const char* text : {"127.0.0.1", "::1"}) {
        const Fd client = connected_to(address(text, port_of(*listener)));
        ASSERT_TRUE(client) << text;
        const Arrival arrival = next(*listener);
        EXPECT_TRUE(arrival.socket);
        EXPECT_EQ(to_text(arrival.peer.ip), text);
    }
}

TEST(Listener, LeavesIpv4ToOthers) {
    const auto listener = listen_tcp(address("::"), Ipv4::Apart);
    ASSERT_TRUE(listener);
    EXPECT_FALSE(connected_to(address("127.0.0.1", port_of(*listener))));
}

TEST(Listener, SaysThatAnAddressIsTaken) {
    const auto first = listen_tcp(address("127.0.0.1"), Ipv4::Apart);
    ASSERT_TRUE(first);
    const auto second = listen_tcp(address("127.0.0.1", port_of(*first)), Ipv4::Apart);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message,
              "cannot listen on 127.0.0.1:" + std::to_string(port_of(*first)) +
                  ": Address already in use");
    const std::string own = std::to_string(port_of(*first));
    EXPECT_EQ(second.error().hint, "see who holds it: ss -lnptu 'sport = :" + own + "'");
    const auto elsewhere = listen_tcp(address("192.0.2.1"), Ipv4::Apart);
    ASSERT_FALSE(elsewhere);
    EXPECT_EQ(elsewhere.error().hint, "see the addresses of this machine: ip address");
}

TEST(Listener, NobodyIsNoFault) {
    const auto listener = listen_tcp(address("127.0.0.1"), Ipv4::Apart);
    ASSERT_TRUE(listener);
    const Arrival nobody = accept_tcp(*listener);
    EXPECT_FALSE(nobody.socket);
    EXPECT_FALSE(nobody.lacks_room);
}

}  // namespace
}  // namespace nearcast::base
