// SPDX-License-Identifier: Apache-2.0

#include "transfer/link.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "transfer/fake_primary.h"

namespace nearcast::transfer {
namespace {

// Of the socket of this process that is connected to `peer`.
std::optional<int> option_of(const base::SocketAddress& peer, int option) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    const int end = static_cast<int>(std::min<rlim_t>(files.rlim_cur, 4096));
    for (int fd = 0; fd < end; ++fd) {
        sockaddr_storage native{};
        socklen_t size = sizeof native;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&native), &size) != 0) continue;
        if (native.ss_family != AF_INET || base::from_native(native) != peer) continue;
        int value = 0;
        size = sizeof value;
        if (::getsockopt(fd, IPPROTO_TCP, option, &value, &size) == 0) return value;
    }
    return std::nullopt;
}

// Else every question but the first would cost two round trips (RFC 896), and a peer that went away
// without a word would hold up all who share the connection for a quarter of an hour.
TEST(Link, SendsAtOnceAndGivesUpOnWhoConfirmsNothing) {
    base::SocketAddress address;
    const base::Fd listener = listen_on_loopback(address);
    const std::atomic<bool> is_stopping = false;
    Link link(Link::Kind::Stream, address, is_stopping);
    const std::vector<uint8_t> message(12);
    ASSERT_TRUE(link.write_frame(message, base::now() + std::chrono::seconds(60)).has_value());
    EXPECT_EQ(option_of(address, TCP_NODELAY), 1);
    const auto limit = option_of(address, TCP_USER_TIMEOUT);
    ASSERT_TRUE(limit.has_value());
    EXPECT_GT(*limit, 0);
    EXPECT_LE(*limit, 60'000);
}

TEST(Link, SaysThatNobodyListensWhereNobodyDoes) {
    base::SocketAddress address;
    {
        const base::Fd listener = listen_on_loopback(address);
    }
    const auto tls = tls::TlsContext::for_client({.name = "primary", .server_name = "a.example"});
    ASSERT_TRUE(tls) << tls.error().message;
    const std::atomic<bool> is_stopping = false;
    for (const tls::TlsContext* context : {&*tls, static_cast<const tls::TlsContext*>(nullptr)}) {
        Link link(Link::Kind::Stream, address, is_stopping, context);
        const std::vector<uint8_t> message(12);
        const auto sent = link.write_frame(message, base::now() + std::chrono::seconds(60));
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().message, "cannot connect: Connection refused");
        EXPECT_FALSE(sent.error().hint.empty());
    }
}

}  // namespace
}  // namespace nearcast::transfer
