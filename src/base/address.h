// SPDX-License-Identifier: Apache-2.0
//
// Addresses and prefixes of IPv4 and IPv6 as values: parsed once, compared and printed anywhere.
//
// Text is what operators write: 192.0.2.53, 2001:db8::53, 192.0.2.53:53, [2001:db8::53]:53,
// 192.0.2.0/24. Names are never resolved.

#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "base/result.h"

namespace nearcast::base {

struct IpAddress {
    std::array<uint8_t, 16> bytes{};  // Network order; IPv4 uses the first four, the rest is zero.
    bool is_v6 = false;

    [[nodiscard]] int family() const { return is_v6 ? AF_INET6 : AF_INET; }
    [[nodiscard]] unsigned bits() const { return is_v6 ? 128 : 32; }
    auto operator<=>(const IpAddress&) const = default;
};

struct SocketAddress {
    IpAddress ip;
    uint16_t port = 0;

    auto operator<=>(const SocketAddress&) const = default;
};

// Every bit after `length` is zero: parse_ip_prefix() refuses anything else.
struct IpPrefix {
    IpAddress first;
    uint8_t length = 0;

    [[nodiscard]] bool contains(const IpAddress& address) const;
    [[nodiscard]] bool contains(const IpPrefix& other) const;
    auto operator<=>(const IpPrefix&) const = default;
};

// ::ffff:0:0/96: IPv4 written as IPv6 (RFC 4291 §2.5.5.2).
inline constexpr IpPrefix kIpv4Mapped{
    .first = {.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, .is_v6 = true}, .length = 96};

[[nodiscard]] Result<IpAddress> parse_ip_address(std::string_view text);
[[nodiscard]] Result<SocketAddress> parse_socket_address(std::string_view text);
[[nodiscard]] Result<IpPrefix> parse_ip_prefix(std::string_view text);

[[nodiscard]] std::string to_text(const IpAddress& address);
[[nodiscard]] std::string to_text(const SocketAddress& address);
[[nodiscard]] std::string to_text(const IpPrefix& prefix);

// The form that bind(), connect() and sendto() take: data() with size().
class NativeAddress {
 public:
    explicit NativeAddress(const SocketAddress& address);

    [[nodiscard]] const sockaddr* data() const;
    [[nodiscard]] socklen_t size() const { return size_; }

 private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

// `native` must hold AF_INET or AF_INET6, as the kernel filled it in.
[[nodiscard]] SocketAddress from_native(const sockaddr_storage& native);

}  // namespace nearcast::base
