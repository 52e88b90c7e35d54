// SPDX-License-Identifier: Apache-2.0
//
// Runs in the kernel for each frame of an interface: takes DNS queries out of its way.
//
// Only what src/xdp/packet.cc reads is taken, and only to the addresses that are served and from
// where the kernel would take it too. Whatever this is not sure of goes on to the kernel, which
// has sockets for it. Sums are checked by who takes the frame.

#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TAGS_MAX 2
#define DNS_PORT 53
#define FRAGMENT 0x3fff /* More of them, or not the first. */

/* filter.cc says how many entries each map has, before the program is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __be32);
	__type(value, __u8);
} services_v4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct in6_addr);
	__type(value, __u8);
} services_v6 SEC(".maps");

/* The interface's own. Frames to another station or to many are none of ours. */
const volatile unsigned char own_mac[ETH_ALEN] = {};

struct tag {
	__be16 control;
	__be16 type;
};

/* Sources that no query can come from by the wire: the kernel drops them, and knows why. */
static __always_inline int is_odd_v4(__be32 source)
{
	__u32 first = bpf_ntohl(source) >> 24;

	return first == 0 || first == 127 || first >= 224;
}

static __always_inline int is_odd_v6(const struct in6_addr *source)
{
	if (source->s6_addr[0] >= 0xfe) /* Link-local and multicast. */
		return 1;
	/* Unspecified and loopback, and IPv4 within IPv6. */
	return source->s6_addr32[0] == 0 && source->s6_addr32[1] == 0;
}

static __always_inline int is_to_us(const struct ethhdr *ethernet)
{
	int differs = 0;

	for (int i = 0; i < ETH_ALEN; i++)
		differs |= ethernet->h_dest[i] ^ own_mac[i];
	return differs == 0;
}

/* `size` is what IP says that UDP has. */
static __always_inline int is_query(const struct udphdr *udp, void *end, __u32 size)
{
	if ((void *)(udp + 1) > end)
		return 0;
	return udp->dest == bpf_htons(DNS_PORT) && udp->source != 0 && size >= sizeof(*udp) &&
	       bpf_ntohs(udp->len) == size;
}

/*
 * `left` is how much the frame has from here on. It is told as a number, and compared as one: to
 * reckon with pointers of which the verifier does not know the distance would take CAP_PERFMON.
 */
static __always_inline int is_query_v4(const struct iphdr *ip, void *end, __u32 left)
{
	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_UDP || (ip->frag_off & bpf_htons(FRAGMENT)))
		return 0;
	__u32 size = bpf_ntohs(ip->tot_len);
	if (size < sizeof(*ip) || size > left)
		return 0;
	return is_query((void *)(ip + 1), end, size - sizeof(*ip)) && !is_odd_v4(ip->saddr) &&
	       ip->saddr != ip->daddr && bpf_map_lookup_elem(&services_v4, &ip->daddr);
}

static __always_inline int is_own_source_v6(const struct ipv6hdr *ip)
{
	int differs = 0;

	for (int i = 0; i < 4; i++)
		differs |= ip->saddr.s6_addr32[i] ^ ip->daddr.s6_addr32[i];
	return differs == 0;
}

static __always_inline int is_query_v6(const struct ipv6hdr *ip, void *end, __u32 left)
{
	if ((void *)(ip + 1) > end || ip->version != 6 || ip->nexthdr != IPPROTO_UDP)
		return 0;
	__u32 size = bpf_ntohs(ip->payload_len);
	if (size + sizeof(*ip) > left)
		return 0;
	const struct udphdr *udp = (void *)(ip + 1);
	if (!is_query(udp, end, size) || udp->check == 0)
		return 0;
	return !is_odd_v6(&ip->saddr) && !is_own_source_v6(ip) &&
	       bpf_map_lookup_elem(&services_v6, &ip->daddr);
}

SEC("xdp")
int filter(struct xdp_md *context)
{
	void *end = (void *)(long)context->data_end;
	struct ethhdr *ethernet = (void *)(long)context->data;
	void *next = ethernet + 1;

	if (next > end || !is_to_us(ethernet))
		return XDP_PASS;
	__u32 left = bpf_xdp_get_buff_len(context) - sizeof(*ethernet);
	__be16 type = ethernet->h_proto;
	for (int i = 0; i < TAGS_MAX; i++) {
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		struct tag *tag = next;
		if ((void *)(tag + 1) > end)
			return XDP_PASS;
		type = tag->type;
		next = tag + 1;
		left -= sizeof(*tag);
	}
	int is_ours = 0;
	if (type == bpf_htons(ETH_P_IP))
		is_ours = is_query_v4(next, end, left);
	else if (type == bpf_htons(ETH_P_IPV6))
		is_ours = is_query_v6(next, end, left);
	/* A queue that nobody listens to is the kernel's too. */
	return is_ours ? bpf_redirect_map(&queues, context->rx_queue_index, XDP_PASS) : XDP_PASS;
}

char licence[] SEC("license") = "Apache-2.0";
