"""A server and a load in two network namespaces of their own, joined by one veth pair."""

import contextlib
import os
import re
import signal
import subprocess

SERVER_ADDRESS = "10.53.0.1"
LOAD_ADDRESS = "10.53.0.2"
SERVER_DEVICE = "server0"
LOAD_DEVICE = "load0"
PREFIX = "nearcast-bench"


class NetworkError(Exception):
    pass


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise NetworkError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Pair:
    """Two namespaces; everything in them goes with them, so closing is deleting both."""

    def __init__(self, name):
        self.server = f"{PREFIX}-{os.getpid()}-{name}-server"
        self.load = f"{PREFIX}-{os.getpid()}-{name}-load"

    def open(self):
        for namespace in (self.server, self.load):
            run("ip", "netns", "add", namespace)
        run("ip", "-n", self.server, "link", "add", SERVER_DEVICE, "type", "veth",
            "peer", "name", LOAD_DEVICE, "netns", self.load)
        self._raise_end(self.server, SERVER_DEVICE, SERVER_ADDRESS)
        self._raise_end(self.load, LOAD_DEVICE, LOAD_ADDRESS)
        self._know(self.server, SERVER_DEVICE, LOAD_ADDRESS, self.load, LOAD_DEVICE)
        self._know(self.load, LOAD_DEVICE, SERVER_ADDRESS, self.server, SERVER_DEVICE)
        # A connection for each query uses up the usual 28,000 ports in seconds.
        run(*self.in_load("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535",
                          "net.ipv4.tcp_tw_reuse=1"))

    def close(self):
        for namespace in (self.server, self.load):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True)

    def in_server(self, *command):
        return ("ip", "netns", "exec", self.server, *command)

    def in_load(self, *command):
        return ("ip", "netns", "exec", self.load, *command)

    def _raise_end(self, namespace, device, address):
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        run("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", device)
        # veth would leave checksums to a card that is not there; AF_XDP would see wrong ones.
        run("ip", "netns", "exec", namespace, "ethtool", "-K", device, "tx", "off")
        run("ip", "-n", namespace, "link", "set", device, "up")

    def _know(self, namespace, device, address, peer, peer_device):
        """A fixed neighbour: programs that turn packets round do not answer ARP."""
        shown = run("ip", "-n", peer, "-o", "link", "show", peer_device)
        mac = re.search(r"link/ether (\S+)", shown).group(1)
        run("ip", "-n", namespace, "neigh", "replace", address, "lladdr", mac, "dev", device,
            "nud", "permanent")


def remove_leftovers():
    """Ends what a run left behind whose own process is no more (killed with SIGKILL): the
    processes in its namespaces, which are ours alone, and the namespaces."""
    for line in run("ip", "netns", "list").splitlines():
        found = re.match(rf"({PREFIX}-(\d+)-\S+)", line)
        if not found or os.path.exists(f"/proc/{found.group(2)}"):
            continue
        with contextlib.suppress(NetworkError):
            for pid in run("ip", "netns", "pids", found.group(1)).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            run("ip", "netns", "delete", found.group(1))
