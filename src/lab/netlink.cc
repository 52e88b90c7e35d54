// SPDX-License-Identifier: Apache-2.0

#include "lab/netlink.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

namespace nearcast::lab {

namespace {

using base::fail_errno;
using base::Fd;
using base::Result;

constexpr uint16_t kFlags = NLM_F_REQUEST | NLM_F_ACK;

struct LinkRequest {
    nlmsghdr header;
    ifinfomsg link;
};

struct AddressRequest {
    nlmsghdr header;
    ifaddrmsg address;
    // Two attributes, IFA_LOCAL and IFA_ADDRESS, of up to 16 bytes each.
    std::array<uint8_t, 2 * (RTA_LENGTH(16))> attributes;
};

template <typename Request>
std::span<const uint8_t> bytes_of(const Request& request) {
    return {reinterpret_cast<const uint8_t*>(&request), request.header.nlmsg_len};
}

size_t put_attribute(uint8_t* to, uint16_t type, std::span<const uint8_t> value) {
    const auto length = static_cast<uint16_t>(RTA_LENGTH(value.size()));
    const rtattr attribute{.rta_len = length, .rta_type = type};
    std::memcpy(to, &attribute, sizeof attribute);
    std::memcpy(to + RTA_LENGTH(0), value.data(), value.size());
    return RTA_ALIGN(length);
}

}  // namespace

Result<Netlink> Netlink::open() {
    Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) return fail_errno("netlink", errno);
    return Netlink(std::move(socket));
}

Result<void> Netlink::bring_up(const std::string& device) {
    LinkRequest request{};
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.link);
    request.header.nlmsg_type = RTM_NEWLINK;
    request.header.nlmsg_flags = kFlags;
    request.link.ifi_family = AF_UNSPEC;
    request.link.ifi_index = static_cast<int>(::if_nametoindex(device.c_str()));
    request.link.ifi_flags = IFF_UP;
    request.link.ifi_change = IFF_UP;
    if (request.link.ifi_index == 0) return fail_errno("device " + device, errno);
    if (auto done = ask(bytes_of(request)); !done) {
        return base::within("bring up " + device, done.error());
    }
    return {};
}

Result<void> Netlink::add_address(const std::string& device, const base::IpAddress& address,
                                  uint8_t length) {
    return put_address(device, address, address, length);
}

Result<void> Netlink::add_peer(const std::string& device, const base::IpAddress& own,
                               const base::IpAddress& peer) {
    return put_address(device, own, peer, static_cast<uint8_t>(peer.bits()));
}

Result<void> Netlink::put_address(const std::string& device, const base::IpAddress& own,
                                  const base::IpAddress& peer, uint8_t length) {
    AddressRequest request{};
    request.header.nlmsg_type = RTM_NEWADDR;
    request.header.nlmsg_flags = kFlags | NLM_F_CREATE | NLM_F_EXCL;
    request.address.ifa_family = static_cast<uint8_t>(own.family());
    request.address.ifa_prefixlen = length;
    request.address.ifa_flags = IFA_F_PERMANENT | (own.is_v6 ? IFA_F_NODAD : 0);
    request.address.ifa_index = ::if_nametoindex(device.c_str());
    if (request.address.ifa_index == 0) return fail_errno("device " + device, errno);
    const auto bytes_of_address = [](const base::IpAddress& address) {
        return std::span<const uint8_t>(address.bytes.data(), address.bits() / 8);
    };
    size_t size = put_attribute(request.attributes.data(), IFA_LOCAL, bytes_of_address(own));
    size += put_attribute(request.attributes.data() + size, IFA_ADDRESS, bytes_of_address(peer));
    request.header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(sizeof request.address) + size);
    if (auto done = ask(bytes_of(request)); !done) {
        return base::within("address " + to_text(own) + " on " + device, done.error());
    }
    return {};
}

Result<void> Netlink::ask(std::span<const uint8_t> request) {
    if (::send(socket_.get(), request.data(), request.size(), 0) < 0) {
        return fail_errno("netlink", errno);
    }
    std::array<uint8_t, 4096> answer;
    const ssize_t size = ::recv(socket_.get(), answer.data(), answer.size(), 0);
    if (size < 0) return fail_errno("netlink", errno);
    nlmsghdr header{};
    nlmsgerr verdict{};
    if (static_cast<size_t>(size) < NLMSG_LENGTH(sizeof verdict.error)) {
        return fail_errno("netlink", EPROTO);
    }
    std::memcpy(&header, answer.data(), sizeof header);
    std::memcpy(&verdict.error, answer.data() + NLMSG_LENGTH(0), sizeof verdict.error);
    if (header.nlmsg_type != NLMSG_ERROR) return fail_errno("netlink", EPROTO);
    if (verdict.error != 0) return fail_errno("netlink", -verdict.error);
    return {};
}

}  // namespace nearcast::lab
