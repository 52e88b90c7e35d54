// SPDX-License-Identifier: Apache-2.0

#include "base/address.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace nearcast::base {
namespace {

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

template <typename Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

// Whether the first `length` bits of both are equal.
bool shares_bits(const IpAddress& left, const IpAddress& right, unsigned length) {
    const unsigned whole = length / 8;
    if (!std::equal(left.bytes.begin(), left.bytes.begin() + whole, right.bytes.begin())) {
        return false;
    }
    const unsigned rest = length % 8;
    return rest == 0 || ((left.bytes[whole] ^ right.bytes[whole]) >> (8 - rest)) == 0;
}

IpAddress masked(const IpAddress& address, unsigned length) {
    IpAddress first = address;
    for (unsigned bit = length; bit < address.bits(); ++bit) {
        first.bytes[bit / 8] = static_cast<uint8_t>(first.bytes[bit / 8] & ~(0x80U >> bit % 8));
    }
    return first;
}

}  // namespace

bool IpPrefix::contains(const IpAddress& address) const {
    return address.is_v6 == first.is_v6 && shares_bits(first, address, length);
}

bool IpPrefix::contains(const IpPrefix& other) const {
    return other.length >= length && contains(other.first);
}

Result<IpAddress> parse_ip_address(std::string_view text) {
    IpAddress address;
    const std::string terminated(text);
    address.is_v6 = text.contains(':');
    if (inet_pton(address.family(), terminated.c_str(), address.bytes.data()) == 1) return address;
    return fail(quoted(text) + " is not an IP address", "192.0.2.53 or 2001:db8::53");
}

Result<SocketAddress> parse_socket_address(std::string_view text) {
    const auto refuse = [text] {
        return fail(quoted(text) + " is not an address with a port",
                    "192.0.2.53:53 or [2001:db8::53]:53");
    };
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse();
    std::string_view host = text.substr(0, colon);
    const bool has_brackets = host.starts_with('[') && host.ends_with(']');
    if (has_brackets) host = host.substr(1, host.size() - 2);
    const Result<IpAddress> ip = parse_ip_address(host);
    SocketAddress address;
    if (!ip || ip->is_v6 != has_brackets || !read_number(text.substr(colon + 1), address.port)) {
        return refuse();
    }
    address.ip = *ip;
    return address;
}

Result<IpPrefix> parse_ip_prefix(std::string_view text) {
    const size_t slash = text.find('/');
    unsigned length = 0;
    if (slash == std::string_view::npos || !read_number(text.substr(slash + 1), length)) {
        return fail(quoted(text) + " is not a prefix", "192.0.2.0/24 or 2001:db8::/48");
    }
    const Result<IpAddress> address = parse_ip_address(text.substr(0, slash));
    if (!address) return std::unexpected(address.error());
    if (length > address->bits()) {
        return fail(quoted(text) + " has a length beyond " + std::to_string(address->bits()),
                    to_text(*address) + '/' + std::to_string(address->bits()) +
                        " for this address alone, or less for a network");
    }
    const IpPrefix prefix{masked(*address, length), static_cast<uint8_t>(length)};
    if (prefix.first != *address) {
        return fail(quoted(text) + " has bits set after its length", to_text(prefix));
    }
    return prefix;
}

std::string to_text(const IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(address.family(), address.bytes.data(), text.data(), text.size());
    return text.data();
}

std::string to_text(const SocketAddress& address) {
    const std::string host = to_text(address.ip);
    return (address.ip.is_v6 ? '[' + host + ']' : host) + ':' + std::to_string(address.port);
}

std::string to_text(const IpPrefix& prefix) {
    return to_text(prefix.first) + '/' + std::to_string(prefix.length);
}

NativeAddress::NativeAddress(const SocketAddress& address) {
    const auto fill = [&](const auto& native) {
        std::memcpy(&storage_, &native, sizeof native);
        size_ = sizeof native;
    };
    if (address.ip.is_v6) {
        sockaddr_in6 native{};
        native.sin6_family = AF_INET6;
        native.sin6_port = htons(address.port);
        std::memcpy(&native.sin6_addr, address.ip.bytes.data(), 16);
        fill(native);
    } else {
        sockaddr_in native{};
        native.sin_family = AF_INET;
        native.sin_port = htons(address.port);
        std::memcpy(&native.sin_addr, address.ip.bytes.data(), 4);
        fill(native);
    }
}

const sockaddr* NativeAddress::data() const { return reinterpret_cast<const sockaddr*>(&storage_); }

SocketAddress from_native(const sockaddr_storage& native) {
    assert(native.ss_family == AF_INET || native.ss_family == AF_INET6);
    SocketAddress address;
    address.ip.is_v6 = native.ss_family == AF_INET6;
    if (address.ip.is_v6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &native, sizeof v6);
        address.port = ntohs(v6.sin6_port);
        std::memcpy(address.ip.bytes.data(), &v6.sin6_addr, 16);
    } else {
        sockaddr_in v4{};
        std::memcpy(&v4, &native, sizeof v4);
        address.port = ntohs(v4.sin_port);
        std::memcpy(address.ip.bytes.data(), &v4.sin_addr, 4);
    }
    return address;
}

}  // namespace nearcast::base
