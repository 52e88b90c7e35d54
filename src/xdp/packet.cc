// SPDX-License-Identifier: Apache-2.0

#include "xdp/packet.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "xdp/internet_sum.h"

namespace nearcast::xdp {
namespace {

constexpr size_t kEthernetSize = 14;
constexpr size_t kMacSize = 6;
constexpr size_t kTagSize = 4;
constexpr size_t kTagsMax = 2;
constexpr size_t kUdpSize = 8;
constexpr size_t kIpv4Size = 20;
constexpr size_t kIpv6Size = 40;
constexpr uint16_t kTypeIpv4 = 0x0800;
constexpr uint16_t kTypeIpv6 = 0x86dd;
constexpr uint16_t kTypeTag = 0x8100;         // 802.1Q.
constexpr uint16_t kTypeServiceTag = 0x88a8;  // 802.1ad, the outer of two.
constexpr uint8_t kUdp = 17;

// Parts of the headers, from where each begins.
constexpr size_t kIpv4SumAt = 10;
constexpr size_t kIpv4AddressesAt = 12;
constexpr size_t kIpv6AddressesAt = 8;
constexpr size_t kUdpSumAt = 6;

uint16_t number_at(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]); }

void put_number(uint8_t* bytes, size_t number) {
    bytes[0] = static_cast<uint8_t>(number >> 8);
    bytes[1] = static_cast<uint8_t>(number);
}

uint16_t sum_at(const uint8_t* bytes) {
    uint16_t sum = 0;
    std::memcpy(&sum, bytes, sizeof sum);
    return sum;
}

// What UDP's sum covers beside the datagram. Both addresses lie together.
uint64_t pseudo_sum(const uint8_t* ip, bool is_v6, size_t udp_size) {
    const std::span addresses =
        is_v6 ? std::span(ip + kIpv6AddressesAt, 32) : std::span(ip + kIpv4AddressesAt, 8);
    return add_number(add_number(add_bytes(0, addresses), kUdp), static_cast<uint16_t>(udp_size));
}

// Behind the tags; 0 when the frame is too short or has more of them.
uint16_t read_link(std::span<const uint8_t> frame, QueryPacket& packet) {
    size_t size = kEthernetSize;
    for (size_t tags = 0; frame.size() >= size; ++tags, size += kTagSize) {
        const uint16_t type = number_at(&frame[size - 2]);
        if (type != kTypeTag && type != kTypeServiceTag) {
            packet.frame = frame.data();
            packet.link_size = static_cast<uint8_t>(size);
            return type;
        }
        if (tags == kTagsMax) return 0;
    }
    return 0;
}

// How much UDP has by IP's own word, which may be less than what the frame has; 0: not plain.
size_t read_ipv4(std::span<const uint8_t> ip) {
    if (ip.size() < kIpv4Size + kUdpSize || ip[0] != 0x45 || ip[9] != kUdp) return 0;
    const bool is_fragment = (number_at(&ip[6]) & 0x3fff) != 0;
    const size_t size = number_at(&ip[2]);
    return is_fragment || size < kIpv4Size || size > ip.size() ? 0 : size - kIpv4Size;
}

size_t read_ipv6(std::span<const uint8_t> ip) {
    if (ip.size() < kIpv6Size + kUdpSize || ip[0] >> 4 != 6 || ip[6] != kUdp) return 0;
    const size_t size = number_at(&ip[4]);
    return size > ip.size() - kIpv6Size ? 0 : size;
}

// A sender on this machine may leave the sum to a card that no packet ever reaches (veth, virtio):
// then the field holds the sum of the pseudo header alone.
bool has_good_sum(const QueryPacket& packet, std::span<const uint8_t> udp) {
    const uint16_t sum = sum_at(&udp[kUdpSumAt]);
    if (sum == 0) return !packet.is_v6;  // RFC 768; not allowed by RFC 8200 §8.1.
    const uint64_t pseudo = pseudo_sum(packet.ip(), packet.is_v6, udp.size());
    return fold(add_bytes(pseudo, udp)) == UINT16_MAX || sum == fold(pseudo);
}

void write_link(const QueryPacket& packet, uint8_t* out) {
    std::memcpy(out, packet.frame + kMacSize, kMacSize);
    std::memcpy(out + kMacSize, packet.frame, kMacSize);
    std::memcpy(out + 2 * kMacSize, packet.frame + 2 * kMacSize, packet.link_size - 2 * kMacSize);
}

// Without DF, as the sockets send: nobody's forged word about the path makes us lose a response.
void write_ipv4(const QueryPacket& packet, uint8_t* ip, size_t udp_size, uint16_t id) {
    std::memset(ip, 0, kIpv4Size);
    ip[0] = 0x45;
    put_number(ip + 2, kIpv4Size + udp_size);
    put_number(ip + 4, id);
    ip[8] = kHopLimit;
    ip[9] = kUdp;
    std::memcpy(ip + kIpv4AddressesAt, packet.destination(), 4);
    std::memcpy(ip + kIpv4AddressesAt + 4, packet.source(), 4);
    const auto sum = static_cast<uint16_t>(~fold(add_bytes(0, {ip, kIpv4Size})));
    std::memcpy(ip + kIpv4SumAt, &sum, sizeof sum);
}

void write_ipv6(const QueryPacket& packet, uint8_t* ip, size_t udp_size) {
    std::memset(ip, 0, kIpv6AddressesAt);
    ip[0] = 0x60;
    put_number(ip + 4, udp_size);
    ip[6] = kUdp;
    ip[7] = kHopLimit;
    std::memcpy(ip + kIpv6AddressesAt, packet.destination(), 16);
    std::memcpy(ip + kIpv6AddressesAt + 16, packet.source(), 16);
}

}  // namespace

Reading read_query(std::span<const uint8_t> frame, QueryPacket& packet) noexcept {
    const uint16_t type = read_link(frame, packet);
    if (type != kTypeIpv4 && type != kTypeIpv6) return Reading::NotPlain;
    packet.is_v6 = type == kTypeIpv6;
    const auto ip = frame.subspan(packet.link_size);
    const size_t size = packet.is_v6 ? read_ipv6(ip) : read_ipv4(ip);
    if (size < kUdpSize) return Reading::NotPlain;

    const auto udp = ip.subspan(packet.ip_size(), size);
    if (number_at(&udp[0]) == 0 || number_at(&udp[2]) != kDnsPort || number_at(&udp[4]) != size) {
        return Reading::NotPlain;
    }
    if (!packet.is_v6 && fold(add_bytes(0, ip.first(kIpv4Size))) != UINT16_MAX) {
        return Reading::BadSum;
    }
    if (!has_good_sum(packet, udp)) return Reading::BadSum;
    packet.message = udp.subspan(kUdpSize);
    return Reading::Query;
}

size_t write_headers(const QueryPacket& packet, std::span<uint8_t> frame, size_t message_size,
                     uint16_t id) noexcept {
    const size_t udp_size = kUdpSize + message_size;
    const size_t size = packet.header_size() + message_size;
    assert(size <= frame.size() && packet.ip_size() + udp_size <= UINT16_MAX);
    write_link(packet, frame.data());
    uint8_t* const ip = frame.data() + packet.link_size;
    if (packet.is_v6) {
        write_ipv6(packet, ip, udp_size);
    } else {
        write_ipv4(packet, ip, udp_size, id);
    }
    uint8_t* const udp = ip + packet.ip_size();
    put_number(udp, kDnsPort);
    std::memcpy(udp + 2, packet.source_port(), 2);
    put_number(udp + 4, udp_size);
    put_number(udp + kUdpSumAt, 0);
    const uint64_t pseudo = pseudo_sum(ip, packet.is_v6, udp_size);
    const auto sum = static_cast<uint16_t>(~fold(add_bytes(pseudo, {udp, udp_size})));
    // Zero would say that there is none (RFC 768); the other zero means the same number.
    const uint16_t told = sum == 0 ? UINT16_MAX : sum;
    std::memcpy(udp + kUdpSumAt, &told, sizeof told);
    return size;
}

}  // namespace nearcast::xdp
