// SPDX-License-Identifier: Apache-2.0
//
// A DNS query in an Ethernet frame, and the headers of its response: pure functions over bytes.
//
// What is read here is the plainest form alone: Ethernet with at most two VLAN tags, IPv4 without
// options and not in fragments or IPv6 without extension headers, UDP to port 53. Everything else
// is the kernel's, and filter.bpf.c leaves it there by the same rules.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nearcast::xdp {

constexpr uint16_t kDnsPort = 53;

// What a response is sent with, and the kernel's own default (RFC 1700).
constexpr uint8_t kHopLimit = 64;

struct QueryPacket {
    const uint8_t* frame = nullptr;
    uint8_t link_size = 0;  // Of the Ethernet header with its tags: where IP begins.
    bool is_v6 = false;
    std::span<const uint8_t> message;  // What UDP carries.

    // Of the response as of the query: all that comes before the message.
    [[nodiscard]] size_t header_size() const { return link_size + ip_size() + 8U; }
    [[nodiscard]] size_t ip_size() const { return is_v6 ? 40 : 20; }
    // In network order, 4 or 16 bytes; ports two.
    [[nodiscard]] const uint8_t* source() const { return ip() + (is_v6 ? 8 : 12); }
    [[nodiscard]] const uint8_t* destination() const { return ip() + (is_v6 ? 24 : 16); }
    [[nodiscard]] const uint8_t* source_port() const { return ip() + ip_size(); }
    [[nodiscard]] const uint8_t* ip() const { return frame + link_size; }
};

enum class Reading : uint8_t {
    Query,
    NotPlain,  // None of those that are read here.
    BadSum,    // Damaged on its way.
};

// Reads `frame`, of any length, into `packet`, which points into it.
[[nodiscard]] Reading read_query(std::span<const uint8_t> frame, QueryPacket& packet) noexcept;

// Makes a response of the message that lies in `frame` behind packet.header_size() bytes: writes
// all its headers, back to where `packet` came from. Returns the size of the whole. `id` names
// an IPv4 datagram, should a router on the way cut it up.
[[nodiscard]] size_t write_headers(const QueryPacket& packet, std::span<uint8_t> frame,
                                   size_t message_size, uint16_t id) noexcept;

}  // namespace nearcast::xdp
