"""A network for one server: a namespace of its own, joined by a veth pair to that of the tests.

With NEARCAST_FRONT=af_xdp in the environment every test that starts a Server asks it over such a
pair, and the server takes its queries by AF_XDP. Needs root. Everything made here goes with its
namespaces, and those of the tests with their process.
"""

import contextlib
import ctypes
import itertools
import os
import pathlib
import re
import subprocess
import time

CLONE_NEWNET = 0x40000000
DEVICE = "server0"
_numbers = itertools.count(1)
_own = {"is_entered": False}


def is_wanted():
    return os.environ.get("NEARCAST_FRONT") == "af_xdp"


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr.strip()}"
    return done.stdout


def enter_own_namespace():
    """The tests' own end: this process leaves the machine's network for one that has nothing."""
    if _own["is_entered"]:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNET) == 0, f"unshare: {os.strerror(ctypes.get_errno())}, as root?"
    run("ip", "link", "set", "lo", "up")
    _own["is_entered"] = True


class Wire:
    """The server's end is `device` in `namespace`; it has `host` and `host6`."""

    def __init__(self, queues=1):
        enter_own_namespace()
        self.queues = queues
        number = next(_numbers)
        self.namespace = f"nearcast-wire-{os.getpid()}-{number}"
        self.device, self.client = DEVICE, f"client{number}"
        self.host, self.own = f"10.53.{number}.1", f"10.53.{number}.2"
        self.host6, self.own6 = f"fd53:{number}::1", f"fd53:{number}::2"

    def open(self):
        run("ip", "netns", "add", self.namespace)
        queues = ["numtxqueues", self.queues, "numrxqueues", self.queues]
        run("ip", "link", "add", self.client, *queues, "type", "veth",
            "peer", "name", self.device, *queues, "netns", self.namespace)
        self._raise(["ip"], self.client, self.own, self.own6)
        self._raise(["ip", "-n", self.namespace], self.device, self.host, self.host6)
        run("ip", "-n", self.namespace, "link", "set", "lo", "up")
        return self

    def close(self):
        with contextlib.suppress(AssertionError):
            run("ip", "netns", "delete", self.namespace)

    @staticmethod
    def _raise(ip, device, address, address6):
        run(*ip, "addr", "add", f"{address}/24", "dev", device)
        run(*ip, "addr", "add", f"{address6}/64", "dev", device, "nodad")
        run(*ip, "link", "set", device, "up")

    def inside(self, *command):
        """The command as it is run at the server's end."""
        return ["ip", "netns", "exec", self.namespace, *map(str, command)]

    def udp_datagrams(self):
        """What came to UDP sockets at the server's end, over both versions of IP."""
        text = run(*self.inside("cat", "/proc/net/snmp", "/proc/net/snmp6"))
        udp4 = re.findall(r"^Udp: (\d+)", text, re.MULTILINE)[0]
        udp6 = re.findall(r"^Udp6InDatagrams\s+(\d+)", text, re.MULTILINE)[0]
        return int(udp4) + int(udp6)

    def reassembled(self):
        """How many of all datagrams came in fragments, which are the kernel's."""
        text = run(*self.inside("cat", "/proc/net/snmp", "/proc/net/snmp6"))
        names, values = re.findall(r"^Ip: (.*)", text, re.MULTILINE)
        found = dict(zip(names.split(), values.split()))["ReasmOKs"]
        return int(found) + int(re.findall(r"^Ip6ReasmOKs\s+(\d+)", text, re.MULTILINE)[0])

    def mac(self, is_server=False):
        ip = ["ip", "-n", self.namespace] if is_server else ["ip"]
        shown = run(*ip, "-o", "link", "show", self.device if is_server else self.client)
        return bytes.fromhex(re.search(r"link/ether (\S+)", shown)[1].replace(":", ""))

    def program(self):
        """How XDP is attached at the server's end: "xdp", "xdpgeneric", or nothing."""
        shown = run("ip", "-n", self.namespace, "-o", "link", "show", self.device)
        found = re.search(r"\b(xdp(?:generic)?)\b", shown)
        return found[1] if found else ""

    def wait_until_detached(self, seconds=10):
        """The kernel takes the program away soon after its process is gone."""
        deadline = time.monotonic() + seconds
        while self.program() and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.program()


def leftovers():
    """Namespaces that were made here and are still there."""
    return [path.name for path in pathlib.Path("/run/netns").glob(f"nearcast-wire-{os.getpid()}-*")]
