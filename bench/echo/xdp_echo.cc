// SPDX-License-Identifier: Apache-2.0
//
// The ceiling for every server that uses AF_XDP: takes frames from one queue of an interface,
// turns addresses and ports round, sets the QR bit, sends them back. It checks nothing, so it
// must have the interface to itself.
//
// Usage: bench_xdp_echo INTERFACE [OCTETS]
//
// With OCTETS the messages that it sends back are at least so long, as the answers of a workload
// are: then the ceiling moves as many bytes as the servers do.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

namespace {

constexpr uint32_t kFrameCount = 8192;  // Half wait to be filled by the kernel, half are ours.
constexpr uint32_t kRingSize = kFrameCount / 2;
constexpr uint32_t kFrameSize = 2048;
constexpr uint32_t kBatchSizeMax = 64;

constexpr uint32_t kEthernetSize = 14;
constexpr uint32_t kIpSize = 20;
constexpr uint32_t kHeadersSize = kEthernetSize + kIpSize + 8;
constexpr uint32_t kOctetsMax = 1400;  // Within an MTU, and a frame of memory with its headroom.

struct Link {
    xsk_umem* memory = nullptr;
    xsk_socket* socket = nullptr;
    xsk_ring_prod fill{};
    xsk_ring_cons completion{};
    xsk_ring_cons receive{};
    xsk_ring_prod send{};
    uint8_t* frames = nullptr;
};

void fill(Link& link, std::span<const uint64_t> frames) {
    uint32_t slot = 0;
    const auto count = static_cast<uint32_t>(frames.size());
    if (xsk_ring_prod__reserve(&link.fill, count, &slot) != count) return;
    for (const uint64_t frame : frames) *xsk_ring_prod__fill_addr(&link.fill, slot++) = frame;
    xsk_ring_prod__submit(&link.fill, count);
}

bool open_link(Link& link, const char* interface) {
    void* memory = mmap(nullptr, std::size_t{kFrameCount} * kFrameSize, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    link.frames = static_cast<uint8_t*>(memory);
    const xsk_umem_config area{kRingSize, kRingSize, kFrameSize, 0, 0};
    if (xsk_umem__create(&link.memory, memory, uint64_t{kFrameCount} * kFrameSize, &link.fill,
                         &link.completion, &area) != 0) {
        return false;
    }
    xsk_socket_config options{};
    options.rx_size = kRingSize;
    options.tx_size = kRingSize;
    options.bind_flags = XDP_USE_NEED_WAKEUP;
    if (xsk_socket__create(&link.socket, interface, 0, link.memory, &link.receive, &link.send,
                           &options) != 0) {
        return false;
    }
    for (uint64_t i = 0; i < kRingSize; ++i) {
        const uint64_t frame = i * kFrameSize;
        fill(link, {&frame, 1});
    }
    return true;
}

void store_u16(uint8_t* to, uint32_t value) {
    to[0] = static_cast<uint8_t>(value >> 8);
    to[1] = static_cast<uint8_t>(value);
}

// Ethernet without VLAN, IPv4 without options, UDP: what the bench sends. Sums stay right when
// ends change places; the QR bit moves the UDP sum by 0x8000.
void turn_round(uint8_t* frame) {
    std::swap_ranges(frame, frame + 6, frame + 6);
    std::swap_ranges(frame + 26, frame + 30, frame + 30);
    std::swap_ranges(frame + 34, frame + 36, frame + 36);
    if ((frame[44] & 0x80) != 0) return;
    frame[44] |= 0x80;
    uint32_t sum = uint32_t{frame[40]} << 8 | frame[41];
    if (sum == 0) return;
    sum = (~sum & 0xffff) + 0x8000;
    sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
    store_u16(frame + 40, sum);
}

// The sum of the IP header follows what its length grows by (RFC 1624); that of UDP would take a
// pass over the message, as it does in a server, and is left out.
uint32_t lengthen(uint8_t* frame, uint32_t size, uint32_t octets) {
    const uint32_t wanted = kHeadersSize + octets;
    if (size >= wanted) return size;
    const uint32_t old_length = uint32_t{frame[16]} << 8 | frame[17];
    const uint32_t length = wanted - kEthernetSize;
    const uint32_t old_sum = uint32_t{frame[24]} << 8 | frame[25];
    uint32_t sum = (~old_sum & 0xffff) + (~old_length & 0xffff) + length;
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    store_u16(frame + 16, length);
    store_u16(frame + 24, ~sum & 0xffff);
    store_u16(frame + 38, length - kIpSize);
    store_u16(frame + 40, 0);
    return wanted;
}

void reclaim(Link& link) {
    std::array<uint64_t, kBatchSizeMax> frames{};
    uint32_t slot = 0;
    const uint32_t count = xsk_ring_cons__peek(&link.completion, kBatchSizeMax, &slot);
    for (uint32_t i = 0; i < count; ++i) {
        frames[i] = *xsk_ring_cons__comp_addr(&link.completion, slot + i);
    }
    xsk_ring_cons__release(&link.completion, count);
    fill(link, {frames.data(), count});
}

void turn_batch(Link& link, uint32_t octets) {
    uint32_t from = 0;
    uint32_t to = 0;
    const uint32_t count = xsk_ring_cons__peek(&link.receive, kBatchSizeMax, &from);
    if (count == 0) return;
    while (xsk_ring_prod__reserve(&link.send, count, &to) != count) {
        sendto(xsk_socket__fd(link.socket), nullptr, 0, MSG_DONTWAIT, nullptr, 0);
        reclaim(link);
    }
    for (uint32_t i = 0; i < count; ++i) {
        const xdp_desc* received = xsk_ring_cons__rx_desc(&link.receive, from + i);
        uint8_t* const frame = link.frames + received->addr;
        turn_round(frame);
        xdp_desc* const sent = xsk_ring_prod__tx_desc(&link.send, to + i);
        *sent = *received;
        sent->len = lengthen(frame, received->len, octets);
    }
    xsk_ring_prod__submit(&link.send, count);
    xsk_ring_cons__release(&link.receive, count);
    if (xsk_ring_prod__needs_wakeup(&link.send) != 0) {
        sendto(xsk_socket__fd(link.socket), nullptr, 0, MSG_DONTWAIT, nullptr, 0);
    }
    reclaim(link);
}

}  // namespace

int main(int argc, char** argv) {
    static Link link;
    const auto octets = static_cast<uint32_t>(argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 0);
    if (argc < 2 || argc > 3 || octets > kOctetsMax || if_nametoindex(argv[1]) == 0 ||
        !open_link(link, argv[1])) {
        std::perror("bench_xdp_echo");
        std::fprintf(stderr,
                     "usage: bench_xdp_echo INTERFACE [OCTETS], as root, at most %u octets\n",
                     kOctetsMax);
        return 2;
    }
    pollfd ready{xsk_socket__fd(link.socket), POLLIN, 0};
    for (;;) {
        poll(&ready, 1, -1);
        turn_batch(link, octets);
    }
}
