"""Datagrams on a network of their own: the address they leave from, and that they stay in one piece.

The story runs in a namespace that holds the server; a second one, joined by a pair of virtual
Ethernet devices, holds the client.
"""

import ctypes
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

import dns.message
import pytest

import stream
from server import Server, free_port

ZONE = "size.test"
V4 = ["192.0.2.1", "192.0.2.2", "198.51.100.7"]
V6 = ["2001:db8::1", "2001:db8::2", "2001:db8:53::53"]
CLIENT_V4, CLIENT_V6 = "192.0.2.100", "2001:db8::100"
IP_MTU_DISCOVER, IP_PMTUDISC_WANT = 10, 1  # <linux/in.h>; Python has no names for them.
FORGED_V4, FORGED_V6 = 552, 1280  # The least that Linux believes.


def run(command):
    subprocess.run(command.split(), check=True)


def text_of(size):
    """The data of a TXT record, so many bytes in wire form."""
    pieces = [256] * (size // 256) + ([size % 256] if size % 256 else [])
    return " ".join(f'"{"x" * (piece - 1)}"' for piece in pieces)


def write_zone(folder):
    """The responses to `a TXT` and `b TXT` have exactly 1232 and 1452 bytes."""
    folder.mkdir()
    around = 12 + len(ZONE) + 4 + 4 + 12 + 11
    (folder / f"{ZONE}.zone").write_text(
        "$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"
        f"a TXT {text_of(1232 - around)}\nb TXT {text_of(1452 - around)}\n")


class Network:
    """The client's namespace, as long as its one process lives."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        own = os.stat("/proc/self/ns/net").st_ino
        while os.stat(f"/proc/{self.holder.pid}/ns/net").st_ino == own:
            time.sleep(0.01)

    def connect(self):
        run("ip link add s0 type veth peer name c0")
        run(f"ip link set c0 netns {self.holder.pid}")
        for command in ["link set lo up", "link set s0 up", "address add 192.0.2.1/24 dev s0",
                        "address add 192.0.2.2/24 dev s0", "address add 198.51.100.7/32 dev lo",
                        "address add 2001:db8::1/64 dev s0 nodad",
                        "address add 2001:db8::2/64 dev s0 nodad",
                        "address add 2001:db8:53::53/128 dev lo nodad"]:
            run(f"ip {command}")
        for command in ["link set lo up", "link set c0 up", f"address add {CLIENT_V4}/24 dev c0",
                        f"address add {CLIENT_V6}/64 dev c0 nodad",
                        "route add 198.51.100.0/24 via 192.0.2.1",
                        "-6 route add 2001:db8:53::/64 via 2001:db8::1"]:
            run(f"nsenter -t {self.holder.pid} -n ip {command}")

    def socket(self, *arguments):
        """A socket of the client's namespace: it belongs to that of the thread that makes it."""
        made = []

        def make():
            with open(f"/proc/{self.holder.pid}/ns/net") as namespace:
                assert ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0) == 0
            made.append(socket.socket(*arguments))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        made[0].settimeout(stream.LIMIT)
        return made[0]

    def close(self):
        self.holder.kill()
        self.holder.wait()


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def ask_each_address(network, port):
    """A connected socket takes nothing but what comes from the address that was asked."""
    answered = []
    for host in V4 + V6:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with network.socket(family_of(host), kind) as client:
                client.connect((host, port))
                wire = stream.query(f"ns1.{ZONE}", "A")
                if kind == socket.SOCK_DGRAM:
                    client.send(wire)
                    response = client.recv(4096)
                else:
                    response = stream.ask(client, wire)
                if dns.message.from_wire(response).answer:
                    answered.append(host)
    return answered


def quoted(source, port, target, target_port):
    """The beginning of a packet that the server might have sent."""
    udp = struct.pack("!HHHH", port, target_port, 1240, 0)
    if ":" in source:
        return struct.pack("!IHBB", 6 << 28, 1240, 17, 64) + socket.inet_pton(
            socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target) + udp
    return struct.pack("!BBHHHBBH", 0x45, 0, 1260, 1, 0x4000, 64, 17, 0) + socket.inet_aton(
        source) + socket.inet_aton(target) + udp


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def forge_too_big(network, source, port, target, target_port):
    """Says that what `source` sent did not fit (RFC 1191 §4, RFC 4443 §3.2)."""
    quote = quoted(source, port, target, target_port)
    if ":" in source:
        with network.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw:
            raw.sendto(struct.pack("!BBHI", 2, 0, 0, FORGED_V6) + quote, (source, 0))
        return
    head = struct.pack("!BBHHH", 3, 4, 0, 0, FORGED_V4)
    head = head[:2] + struct.pack("!H", checksum(head + quote)) + head[4:]
    with network.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.sendto(head + quote, (source, 0))


def deceive_the_host(network, source, target):
    """A bystander's socket, which believes such messages, makes the host believe this one."""
    with socket.socket(family_of(source), socket.SOCK_DGRAM) as bystander:
        if ":" not in source:
            bystander.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT)
        bystander.bind((source, 0))
        port = bystander.getsockname()[1]
        bystander.sendto(b"x", (target, 9))
        forge_too_big(network, source, port, target, 9)
        deadline = time.monotonic() + stream.LIMIT
        while time.monotonic() < deadline:
            route = subprocess.run(["ip", "route", "get", target], capture_output=True, text=True,
                                   check=True).stdout
            if " mtu " in route:
                return True
            time.sleep(0.02)
    return False


class Capture:
    """What the client's device receives from the server's port, as whole packets."""

    def __init__(self, network):
        self.raw = network.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.raw.settimeout(0.5)

    def pieces(self):
        """How many packets came since, and how many of these are fragments."""
        count = fragments = 0
        try:
            while True:
                packet, address = self.raw.recvfrom(65535)
                if address[2] != socket.PACKET_HOST:
                    continue
                if packet[0] >> 4 == 4 and packet[9] == 17:
                    count += 1
                    fragments += struct.unpack_from("!H", packet, 6)[0] & 0x3FFF != 0
                if packet[0] >> 4 == 6 and packet[6] in (17, 44):
                    count += 1
                    fragments += packet[6] == 44
        except TimeoutError:
            return count, fragments


def ask_for_size(network, host, port, name):
    capture = Capture(network)
    with network.socket(family_of(host), socket.SOCK_DGRAM) as client, capture.raw:
        client.bind((CLIENT_V6 if ":" in host else CLIENT_V4, 0))
        client.connect((host, port))
        own = client.getsockname()
        client.send(stream.query(f"{name}.{ZONE}", "TXT"))
        first = client.recv(4096)
        # Now for the very flow, as who watches it would do it.
        forge_too_big(network, host, port, own[0], own[1])
        client.send(stream.query(f"{name}.{ZONE}", "TXT"))
        second = client.recv(4096)
        return [len(first), len(second), *capture.pieces()]


def story(folder, settings):
    network = Network()
    try:
        network.connect()
        port = free_port()
        listen = ["--listen", f"0.0.0.0:{port}", "--listen", f"[::]:{port}"]
        found = {}
        with Server(folder, *listen):
            found["answered"] = ask_each_address(network, port)
            run("ip link set s0 mtu 1280")
            found["at the least MTU"] = [ask_for_size(network, host, port, "a")
                                         for host in (V4[2], V6[2])]
            run("ip link set s0 mtu 1500")
        found["deceived"] = [deceive_the_host(network, V4[0], CLIENT_V4),
                             deceive_the_host(network, V6[0], CLIENT_V6)]
        with Server(folder, *listen, "--settings", settings):
            found["beside a lie"] = [ask_for_size(network, host, port, "b")
                                     for host in (V4[0], V6[0])]
        print(json.dumps(found))
    finally:
        network.close()


@pytest.fixture(scope="module", name="found")
def told_story(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    parent = tmp_path_factory.mktemp("story")
    write_zone(parent / "zones")
    settings = parent / "settings.toml"
    settings.write_text("[serve]\nudp_payload_max = 1452\n")
    done = subprocess.run(["unshare", "-n", sys.executable, __file__, parent / "zones", settings],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_replies_leave_from_the_address_that_was_asked(found):
    assert found["answered"] == [host for host in V4 + V6 for _ in ("udp", "tcp")]


def test_the_default_size_is_whole_at_the_least_mtu_of_ipv6(found):
    for sizes in found["at the least MTU"]:
        assert sizes == [1232, 1232, 2, 0]


def test_a_forged_message_makes_no_response_smaller_and_none_fragmented(found):
    assert found["deceived"] == [True, True], "the host did not believe it: nothing is shown"
    for sizes in found["beside a lie"]:
        assert sizes == [1452, 1452, 2, 0]


if __name__ == "__main__":
    story(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
