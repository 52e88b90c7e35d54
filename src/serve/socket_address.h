// SPDX-License-Identifier: Apache-2.0
//
// An IPv4 or IPv6 address with its port, and how the operator writes it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/result.h"

namespace nearcast::serve {

constexpr uint16_t kDnsPort = 53;

// An IPv4 or IPv6 socket address in place: cheap to copy, nothing to free.
class SocketAddress {
 public:
    SocketAddress() : storage_{} {}
    explicit SocketAddress(const sockaddr_in& v4) : v4_(v4) {}
    explicit SocketAddress(const sockaddr_in6& v6) : v6_(v6) {}

    [[nodiscard]] sa_family_t family() const { return generic_.sa_family; }
    [[nodiscard]] uint16_t port() const;
    void set_port(uint16_t port);

    // 0.0.0.0 or [::]: every address of the machine.
    [[nodiscard]] bool is_wildcard() const;
    [[nodiscard]] bool is_loopback() const;
    // The same host, whatever the port.
    [[nodiscard]] bool has_address_of(const SocketAddress& other) const;

    // For the system calls. size() is that of the family.
    [[nodiscard]] const sockaddr* get() const { return &generic_; }
    [[nodiscard]] sockaddr* get() { return &generic_; }
    [[nodiscard]] socklen_t size() const;
    static constexpr socklen_t kSizeMax = sizeof(sockaddr_in6);

    [[nodiscard]] const sockaddr_in& v4() const { return v4_; }
    [[nodiscard]] const sockaddr_in6& v6() const { return v6_; }
    [[nodiscard]] sockaddr_in& v4() { return v4_; }
    [[nodiscard]] sockaddr_in6& v6() { return v6_; }

 private:
    union {
        sockaddr generic_;
        sockaddr_in v4_;
        sockaddr_in6 v6_;
        uint8_t storage_[sizeof(sockaddr_in6)];
    };
};

// Reads "192.0.2.53:53", "[2001:db8::53]:53", "[fe80::1%eth0]:53", "192.0.2.53" or "2001:db8::53"
// (port 53). A name is refused: a name server must not need one.
[[nodiscard]] base::Result<SocketAddress> parse_listen_address(std::string_view text);

// "192.0.2.53:53" or "[2001:db8::53]:53".
[[nodiscard]] std::string to_text(const SocketAddress& address);

}  // namespace nearcast::serve
