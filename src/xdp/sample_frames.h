// SPDX-License-Identifier: Apache-2.0
//
// Frames for tests: a plain query, and each way of being something else.

#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "xdp/packet.h"

namespace nearcast::xdp::sample {

using Bytes = std::vector<uint8_t>;

inline const Bytes kOwnMac = {0x02, 0, 0, 0, 0, 0x53};
inline const Bytes kPeerMac = {0x02, 0, 0, 0, 0, 0x99};
inline const Bytes kMessage = {0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0,
                               0,    0,    1,    'x',  0, 0, 1, 0, 1};

inline void append(Bytes& to, const Bytes& bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

// The slow way of RFC 1071 §4.1, two bytes at a time, high byte first.
inline uint16_t slow_sum(const Bytes& bytes) {
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size(); ++i) sum += bytes[i] * (i % 2 == 0 ? 256U : 1U);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(sum);
}

inline void put(Bytes& bytes, size_t at, size_t number) {
    bytes[at] = static_cast<uint8_t>(number >> 8);
    bytes[at + 1] = static_cast<uint8_t>(number);
}

// A frame by its parts, which a test may spoil before the sums are made.
struct Parts {
    Bytes mac = kOwnMac;
    Bytes tags;  // With their types in front: 81 00 00 64.
    bool is_v6 = false;
    Bytes source = {198, 51, 100, 7};
    Bytes destination = {192, 0, 2, 53};
    uint16_t source_port = 5353;
    uint16_t port = 53;
    Bytes message = kMessage;
    Bytes padding;  // Behind the packet.
    bool has_udp_sum = true;
    std::function<void(Bytes&)> spoil_ip = [](Bytes&) {};   // Before its sum is made.
    std::function<void(Bytes&)> spoil_udp = [](Bytes&) {};  // After.
};

inline Parts v6_parts() {
    Parts parts;
    parts.is_v6 = true;
    parts.source = {0x20, 1, 0xd, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
    parts.destination = {0x20, 1, 0xd, 0xb8, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 53};
    return parts;
}

inline Bytes pseudo_header(const Parts& parts, size_t udp_size) {
    Bytes pseudo = parts.source;
    append(pseudo, parts.destination);
    append(pseudo, {0, 17, static_cast<uint8_t>(udp_size >> 8), static_cast<uint8_t>(udp_size)});
    return pseudo;
}

inline Bytes udp_of(const Parts& parts) {
    Bytes udp(8);
    put(udp, 0, parts.source_port);
    put(udp, 2, parts.port);
    append(udp, parts.message);
    put(udp, 4, udp.size());
    if (parts.has_udp_sum) {
        Bytes covered = pseudo_header(parts, udp.size());
        append(covered, udp);
        put(udp, 6, static_cast<uint16_t>(~slow_sum(covered)));
    }
    parts.spoil_udp(udp);
    return udp;
}

inline Bytes ip_of(const Parts& parts, size_t udp_size) {
    Bytes ip;
    if (parts.is_v6) {
        ip = {0x60, 0, 0, 0, 0, 0, 17, 61};
        put(ip, 4, udp_size);
    } else {
        ip = {0x45, 0, 0, 0, 0xab, 0xcd, 0, 0, 61, 17, 0, 0};
        put(ip, 2, 20 + udp_size);
    }
    append(ip, parts.source);
    append(ip, parts.destination);
    parts.spoil_ip(ip);
    if (!parts.is_v6) put(ip, 10, static_cast<uint16_t>(~slow_sum(ip)));
    return ip;
}

inline Bytes frame_of(const Parts& parts) {
    Bytes frame = parts.mac;
    append(frame, kPeerMac);
    append(frame, parts.tags);
    append(frame, parts.is_v6 ? Bytes{0x86, 0xdd} : Bytes{0x08, 0x00});
    const Bytes udp = udp_of(parts);
    append(frame, ip_of(parts, udp.size()));
    append(frame, udp);
    append(frame, parts.padding);
    return frame;
}

struct Case {
    std::string what;
    Bytes frame;
};

template <typename Change>
Bytes changed(Parts parts, Change change) {
    change(parts);
    return frame_of(parts);
}

// What both the filter and read_query() take.
inline std::vector<Case> plain_queries() {
    const auto same = [](Parts&) {};
    const auto tag = [](Parts& p) { p.tags = {0x81, 0, 0, 100}; };
    const auto two = [](Parts& p) { p.tags = {0x88, 0xa8, 0, 7, 0x81, 0, 0, 100}; };
    const auto empty = [](Parts& p) { p.message.clear(); };
    const auto padded = [](Parts& p) { p.padding = Bytes(18, 0xee); };
    const auto partial = [](Parts& p) {
        p.spoil_udp = [p](Bytes& udp) { put(udp, 6, slow_sum(pseudo_header(p, udp.size()))); };
    };
    std::vector<Case> cases = {
        {"IPv4 without a UDP sum", changed({}, [](Parts& p) { p.has_udp_sum = false; })},
        {"IPv4 that must not be fragmented",
         changed({}, [](Parts& p) { p.spoil_ip = [](Bytes& ip) { ip[6] = 0x40; }; })}};
    for (const bool is_v6 : {false, true}) {
        const Parts parts = is_v6 ? v6_parts() : Parts{};
        const std::string of = is_v6 ? "IPv6, " : "IPv4, ";
        cases.push_back({of + "plain", changed(parts, same)});
        cases.push_back({of + "one tag", changed(parts, tag)});
        cases.push_back({of + "two tags", changed(parts, two)});
        cases.push_back({of + "no message", changed(parts, empty)});
        cases.push_back({of + "padded by Ethernet", changed(parts, padded)});
        cases.push_back({of + "the sum left to a card", changed(parts, partial)});
    }
    return cases;
}

inline Bytes with_ip(Parts parts, std::function<void(Bytes&)> spoil) {
    parts.spoil_ip = std::move(spoil);
    return frame_of(parts);
}

inline Bytes with_udp(Parts parts, std::function<void(Bytes&)> spoil) {
    parts.spoil_udp = std::move(spoil);
    return frame_of(parts);
}

// What neither takes.
inline std::vector<Case> other_frames() {
    std::vector<Case> cases = {
        {"a fragment, the first", with_ip({}, [](Bytes& ip) { ip[6] = 0x20; })},
        {"a fragment, the last", with_ip({}, [](Bytes& ip) { ip[7] = 9; })},
        {"options", with_ip({}, [](Bytes& ip) { ip[0] = 0x46; })},
        {"a header too short", with_ip({}, [](Bytes& ip) { ip[0] = 0x44; })},
        {"another version in IPv4", with_ip({}, [](Bytes& ip) { ip[0] = 0x65; })},
        {"TCP", with_ip({}, [](Bytes& ip) { ip[9] = 6; })},
        {"more by IP than came", with_ip({}, [](Bytes& ip) { ip[3] += 1; })},
        {"less by IP than UDP says", with_ip({}, [](Bytes& ip) { ip[3] -= 1; })},
        {"less by IP than its header", with_ip({}, [](Bytes& ip) { ip[3] = 19; })},
        {"an extension header", with_ip(v6_parts(), [](Bytes& ip) { ip[6] = 0; })},
        {"a fragment in IPv6", with_ip(v6_parts(), [](Bytes& ip) { ip[6] = 44; })},
        {"another version in IPv6", with_ip(v6_parts(), [](Bytes& ip) { ip[0] = 0x40; })},
        {"more by IPv6 than came", with_ip(v6_parts(), [](Bytes& ip) { ip[5] += 1; })},
        {"a jumbogram", with_ip(v6_parts(), [](Bytes& ip) { ip[4] = ip[5] = 0; })},
        {"another port", changed({}, [](Parts& p) { p.port = 54; })},
        {"no source port", changed({}, [](Parts& p) { p.source_port = 0; })},
        {"UDP longer than IP", with_udp({}, [](Bytes& udp) { udp[5] += 1; })},
        {"UDP shorter than its header", with_udp({}, [](Bytes& udp) { udp[5] = 7; })},
        {"three tags",
         changed({}, [](Parts& p) { p.tags = {0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3}; })},
        {"ARP", [] {
             Bytes frame = frame_of({});
             put(frame, 12, 0x0806);
             return frame;
         }()}};
    return cases;
}

// What the filter leaves to the kernel though it is a plain query.
inline std::vector<Case> queries_of_others() {
    std::vector<Case> cases = {
        {"to another station", changed({}, [](Parts& p) { p.mac = {2, 0, 0, 0, 0, 0x54}; })},
        {"to all stations", changed({}, [](Parts& p) { p.mac = Bytes(6, 0xff); })},
        {"to another address", changed({}, [](Parts& p) { p.destination[3] = 54; })},
        {"to another address of IPv6",
         changed(v6_parts(), [](Parts& p) { p.destination[15] = 54; })},
        {"from its own address", changed({}, [](Parts& p) { p.source = p.destination; })},
        {"from its own address of IPv6",
         changed(v6_parts(), [](Parts& p) { p.source = p.destination; })},
        {"from this host", changed({}, [](Parts& p) { p.source = {127, 0, 0, 1}; })},
        {"from nowhere", changed({}, [](Parts& p) { p.source = {0, 0, 0, 0}; })},
        {"from a group", changed({}, [](Parts& p) { p.source = {224, 0, 0, 1}; })},
        {"from nowhere in IPv6", changed(v6_parts(), [](Parts& p) { p.source = Bytes(16); })},
        {"from the link alone",
         changed(v6_parts(), [](Parts& p) { p.source[0] = 0xfe, p.source[1] = 0x80; })}};
    return cases;
}

}  // namespace nearcast::xdp::sample
