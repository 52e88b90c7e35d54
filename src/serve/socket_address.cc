// SPDX-License-Identifier: Apache-2.0

#include "serve/socket_address.h"

#include <charconv>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <net/if.h>

namespace nearcast::serve {
namespace {

constexpr const char* kFormHint = "--listen 192.0.2.53:53 or --listen [2001:db8::53]:53";

struct Parts {
    std::string_view host;
    std::string_view port;  // Empty: none was written.
};

std::optional<Parts> split(std::string_view text) {
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && (rest[0] != ':' || rest.size() == 1)) return std::nullopt;
        return Parts{text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1)};
    }
    const size_t colon = text.find(':');
    const bool is_bare_v6 = colon != text.rfind(':');
    if (colon == std::string_view::npos || is_bare_v6) return Parts{text, {}};
    if (colon + 1 == text.size()) return std::nullopt;
    return Parts{text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<uint16_t> parse_port(std::string_view text) {
    if (text.empty()) return kDnsPort;
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

std::optional<SocketAddress> parse_v4(const std::string& host, uint16_t port) {
    sockaddr_in v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return std::nullopt;
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return SocketAddress(v4);
}

std::optional<SocketAddress> parse_v6(std::string host, uint16_t port) {
    sockaddr_in6 v6{};
    const size_t percent = host.find('%');
    if (percent != std::string::npos) {
        v6.sin6_scope_id = if_nametoindex(host.c_str() + percent + 1);
        if (v6.sin6_scope_id == 0) return std::nullopt;
        host.resize(percent);
    }
    if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return SocketAddress(v6);
}

}  // namespace

uint16_t SocketAddress::port() const {
    return ntohs(family() == AF_INET6 ? v6_.sin6_port : v4_.sin_port);
}

void SocketAddress::set_port(uint16_t port) {
    (family() == AF_INET6 ? v6_.sin6_port : v4_.sin_port) = htons(port);
}

bool SocketAddress::is_wildcard() const {
    if (family() == AF_INET6) return IN6_IS_ADDR_UNSPECIFIED(&v6_.sin6_addr) != 0;
    return v4_.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool SocketAddress::is_loopback() const {
    if (family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&v6_.sin6_addr) != 0;
    return ntohl(v4_.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool SocketAddress::has_address_of(const SocketAddress& other) const {
    if (family() != other.family()) return false;
    if (family() == AF_INET6) {
        return std::memcmp(&v6_.sin6_addr, &other.v6_.sin6_addr, sizeof(in6_addr)) == 0;
    }
    return v4_.sin_addr.s_addr == other.v4_.sin_addr.s_addr;
}

socklen_t SocketAddress::size() const {
    return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

base::Result<SocketAddress> parse_listen_address(std::string_view text) {
    const std::string shown = "listen address '" + std::string(text) + "'";
    const std::optional<Parts> parts = split(text);
    if (!parts) return base::fail(shown + " is not ADDRESS:PORT", kFormHint);

    const std::optional<uint16_t> port = parse_port(parts->port);
    if (!port) return base::fail(shown + ": the port is not a number from 1 to 65535", kFormHint);

    const std::string host(parts->host);
    std::optional<SocketAddress> address = parse_v4(host, *port);
    if (!address) address = parse_v6(host, *port);
    if (!address) return base::fail(shown + " is not an IPv4 or IPv6 address", kFormHint);
    return *address;
}

std::string to_text(const SocketAddress& address) {
    char host[INET6_ADDRSTRLEN] = {};
    const std::string port = std::to_string(address.port());
    if (address.family() == AF_INET6) {
        inet_ntop(AF_INET6, &address.v6().sin6_addr, host, sizeof host);
        return "[" + std::string(host) + "]:" + port;
    }
    inet_ntop(AF_INET, &address.v4().sin_addr, host, sizeof host);
    return std::string(host) + ":" + port;
}

}  // namespace nearcast::serve
