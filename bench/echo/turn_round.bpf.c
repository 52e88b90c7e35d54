// SPDX-License-Identifier: Apache-2.0
//
// The ceiling of the machine: an XDP program that turns DNS queries round in the kernel, before
// there is a socket buffer, and leaves everything else alone.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct packet {
    struct ethhdr ethernet;
    struct iphdr ip;
    struct udphdr udp;
    __u16 id;
    __u16 flags;
} __attribute__((packed));

static __always_inline void swap_ends(struct packet *packet)
{
    unsigned char mac[ETH_ALEN];
    __builtin_memcpy(mac, packet->ethernet.h_source, ETH_ALEN);
    __builtin_memcpy(packet->ethernet.h_source, packet->ethernet.h_dest, ETH_ALEN);
    __builtin_memcpy(packet->ethernet.h_dest, mac, ETH_ALEN);

    __be32 address = packet->ip.saddr;
    packet->ip.saddr = packet->ip.daddr;
    packet->ip.daddr = address;

    __be16 port = packet->udp.source;
    packet->udp.source = packet->udp.dest;
    packet->udp.dest = port;
}

/* Sums do not change when the ends change places; they change with the QR bit (RFC 1624). */
static __always_inline void set_response(struct packet *packet)
{
    __u16 before = packet->flags;
    packet->flags |= bpf_htons(0x8000);
    if (packet->udp.check == 0)
        return;
    __u32 sum = (__u16)~packet->udp.check + (__u16)~before + packet->flags;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    __u16 check = (__u16)~sum;
    packet->udp.check = check ? check : 0xffff;
}

SEC("xdp")
int turn_round(struct xdp_md *context)
{
    struct packet *packet = (void *)(long)context->data;
    if ((void *)(packet + 1) > (void *)(long)context->data_end)
        return XDP_PASS;
    if (packet->ethernet.h_proto != bpf_htons(ETH_P_IP) || packet->ip.ihl != 5 ||
        packet->ip.protocol != IPPROTO_UDP || packet->udp.dest != bpf_htons(53))
        return XDP_PASS;
    swap_ends(packet);
    set_response(packet);
    return XDP_TX;
}

char licence[] SEC("license") = "Dual BSD/GPL";
