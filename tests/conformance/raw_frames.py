"""Ethernet frames made and read by hand: what no ordinary socket sends."""

import contextlib
import ipaddress
import socket
import struct

ETH_P_ALL = 3
PACKET_AUXDATA = 8
SOL_PACKET = 263
TAG_IS_VALID = 0x10  # TP_STATUS_VLAN_VALID
KIND_IS_VALID = 0x40  # TP_STATUS_VLAN_TPID_VALID


def folded_sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def udp(source, target, ports, payload, spoil_sum=False):
    head = struct.pack("!HHHH", *ports, 8 + len(payload), 0)
    pseudo = source.packed + target.packed + struct.pack("!HH", 17, 8 + len(payload))
    checksum = ~folded_sum(pseudo + head + payload) & 0xFFFF or 0xFFFF
    return head[:6] + struct.pack("!H", checksum ^ (0x0101 if spoil_sum else 0)) + payload


def packet(source, target, ports, payload, spoil_sum=False):
    """IP and UDP, and the Ethernet type of the whole."""
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    datagram = udp(source, target, ports, payload, spoil_sum)
    if source.version == 6:
        head = struct.pack("!IHBB", 6 << 28, len(datagram), 17, 64)
        return 0x86DD, head + source.packed + target.packed + datagram
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 7, 0, 64, 17, 0)
    head += source.packed + target.packed
    head = head[:10] + struct.pack("!H", ~folded_sum(head) & 0xFFFF) + head[12:]
    return 0x0800, head + datagram


def frame(target_mac, source_mac, tags, kind_and_packet):
    """`tags` are pairs of a tag's type and its number, the outer first."""
    kind, data = kind_and_packet
    head = target_mac + source_mac
    for tag, number in tags:
        head += struct.pack("!HH", tag, number)
    return head + struct.pack("!H", kind) + data


@contextlib.contextmanager
def port_on(device):
    """A socket that sends and sees whole frames."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as port:
        port.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        port.bind((device, 0))
        yield port


def receive(port):
    """A frame as it was on the wire: the kernel tells the outermost tag beside it."""
    data, about, _, _ = port.recvmsg(65535, 512)
    for level, kind, value in about:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, number, tag = struct.unpack_from("=IIIHHHH", value)
            if status & TAG_IS_VALID:
                tag = tag if status & KIND_IS_VALID else 0x8100
                return data[:12] + struct.pack("!HH", tag, number) + data[12:]
    return data


def wait_for(port, prefix):
    """The first frame that begins so; others pass by (neighbour discovery, our own)."""
    while True:
        data = receive(port)
        if data.startswith(prefix):
            return data
