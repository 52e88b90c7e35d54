// SPDX-License-Identifier: Apache-2.0

#include "serve/frame_batch.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include <netinet/in.h>

#include "serve/datagram_address.h"
#include "serve/locality.h"

namespace nearcast::serve {
namespace {

static_assert(xdp::kFramesMax == kBatchMax);

constexpr size_t kUdpHeaderSize = 8;

PeerAddress peer_of(const xdp::QueryPacket& packet) {
    PeerAddress peer{};
    if (packet.is_v6) {
        peer.v6 = {};
        peer.v6.sin6_family = AF_INET6;
        std::memcpy(&peer.v6.sin6_port, packet.source_port(), sizeof peer.v6.sin6_port);
        std::memcpy(&peer.v6.sin6_addr, packet.source(), sizeof peer.v6.sin6_addr);
    } else {
        peer.v4 = {};
        peer.v4.sin_family = AF_INET;
        std::memcpy(&peer.v4.sin_port, packet.source_port(), sizeof peer.v4.sin_port);
        std::memcpy(&peer.v4.sin_addr, packet.source(), sizeof peer.v4.sin_addr);
    }
    return peer;
}

// What the kernel would say beside the message on a socket bound to every address, turned round.
size_t write_source(const xdp::QueryPacket& packet, AddressControl& control) {
    control = {};
    uint8_t* const data = CMSG_DATA(&control.header);
    if (packet.is_v6) {
        control.header = {CMSG_LEN(sizeof(in6_pktinfo)), IPPROTO_IPV6, IPV6_PKTINFO};
        std::memcpy(data + offsetof(in6_pktinfo, ipi6_addr), packet.destination(), 16);
        return sizeof control.v6;
    }
    control.header = {CMSG_LEN(sizeof(in_pktinfo)), IPPROTO_IP, IP_PKTINFO};
    std::memcpy(data + offsetof(in_pktinfo, ipi_spec_dst), packet.destination(), 4);
    return sizeof control.v4;
}

// The kernel prefers the socket of the very address.
const UdpSocket* socket_for(const xdp::QueryPacket& packet, std::span<const UdpSocket> sockets) {
    const UdpSocket* found = nullptr;
    for (const UdpSocket& socket : sockets) {
        const base::SocketAddress& address = socket.address;
        if (address.port != xdp::kDnsPort || address.ip.is_v6 != packet.is_v6) continue;
        if (std::memcmp(address.ip.bytes.data(), packet.destination(), address.ip.bits() / 8) ==
            0) {
            return &socket;
        }
        if (socket.is_wildcard) found = &socket;
    }
    return found;
}

}  // namespace

// The filter in the kernel lets only plain queries in. What it let in and this does not read is
// damaged, or there was no room: dropped, as a socket would.
void FrameBatch::add(std::span<const uint8_t> frame, std::span<uint8_t> room,
                     uint32_t mtu) noexcept {
    xdp::QueryPacket& packet = packets_[count_];
    if (xdp::read_query(frame, packet) != xdp::Reading::Query || room.empty()) return;
    const size_t size = std::min(kUdpResponseSizeMax, mtu - packet.ip_size() - kUdpHeaderSize);
    peers_[count_] = peer_of(packet);
    exchanges_[count_] = {
        .query = packet.message,
        .room = room.subspan(packet.header_size(), size),
        .transport = answer::Transport::Udp,
        .peer = &peers_[count_].generic,
        .asked = packet.destination(),
        .asked_port = xdp::kDnsPort,
    };
    ++count_;
}

void FrameBatch::hand_over(std::span<const UdpSocket> sockets, Answerer& answerer) noexcept {
    for (size_t i = 0; i < count_; ++i) {
        answer::Exchange& exchange = exchanges_[i];
        if (!exchange.takes_datagram) continue;
        exchange.response_size = 0;
        const UdpSocket* const socket = socket_for(packets_[i], sockets);
        if (socket == nullptr) continue;
        ++handed_over_;
        AddressControl control;
        msghdr asked{};
        asked.msg_name = &peers_[i];
        asked.msg_namelen = packets_[i].is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
        if (socket->is_wildcard) {
            asked.msg_controllen = write_source(packets_[i], control);
            asked.msg_control = &control;
        }
        answerer.take_datagram(DatagramReply(socket->fd.get(), asked), exchange.query);
    }
}

size_t FrameBatch::complete(size_t i, std::span<uint8_t> frame) noexcept {
    const answer::Exchange& exchange = exchanges_[i];
    if (exchange.response_size == 0) return 0;
    assert(exchange.response_size <= exchange.room.size());
    return xdp::write_headers(packets_[i], frame, exchange.response_size, next_id());
}

// xorshift64: not to be foreseen from outside, where only some of its bits are seen.
uint16_t FrameBatch::next_id() noexcept {
    ids_ ^= ids_ << 13;
    ids_ ^= ids_ >> 7;
    ids_ ^= ids_ << 17;
    return static_cast<uint16_t>(ids_ >> 32);
}

}  // namespace nearcast::serve
