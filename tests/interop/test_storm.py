"""Everything at once, which is what sanitizers are to look at.

Two servers answer over UDP, TCP and TLS while their zones are edited and read anew, come and go as
members of catalogs that each follows of the other, are changed by updates, fetched, listed and
counted, and while the reader of dnstap hardly reads. What is to be seen afterwards is what there
would be without the haste: nothing lost, both with the same zones, an orderly end.
NEARCAST_STORM_SECONDS makes it longer.
"""

import os
import socket
import struct
import subprocess
import threading
import time

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest

import peers
import stream
from server import Server, free_port
from test_metrics import scrape, value
from test_program import Control

SECONDS = float(os.environ.get("NEARCAST_STORM_SECONDS", "12"))
PATIENCE = 60  # Seconds for what may come late on a busy machine, under a sanitizer.
HOSTS = 400
GUESTS = 6  # Zones that come and go, of each server.
TAP_CONTENT = b"protobuf:dnstap.Dnstap"


class Twin:
    """One of the two servers, with its folder, its settings, and the serials it is to end with."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.zones = folder / "zones"
        self.zones.mkdir(parents=True)
        self.port, self.tls_port, self.metrics_port = free_port(), free_port(), free_port()
        self.authority = stream.Authority(folder / "certificates")
        self.certificate, self.key = self.authority.issue("server.example", "current")
        self.steady, self.changed = self.zone("steady"), self.zone("changed")
        self.serial = 1
        self.guests = {}  # Serials of those that are here.
        self.updates = 0
        self.newcomers = set()  # Numbers of the hosts that updates have left there.
        self.write("steady")
        self.write("changed")

    def zone(self, name):
        return f"{name}.{self.name}.example"

    def write(self, name, more=""):
        hosts = "".join(f"host{i} A 192.0.2.{(i + self.serial) % 250}\n" for i in range(HOSTS))
        path = self.folder / "next"
        path.write_text(f"$TTL 300\n@ SOA ns1 host {self.serial} 60 1 3600 60\n@ NS ns1\n"
                        f"ns1 A 192.0.2.1\n*.wild TXT any\nalias CNAME host1\n{hosts}{more}")
        path.rename(self.zones / f"{self.zone(name)}.zone")

    def settings(self, other):
        key = f'key = "{peers.KEY_NAME}"\n'
        path = self.folder / "settings.toml"
        path.write_text(f"""
[[key]]
name = "{peers.KEY_NAME}"
secret = "{peers.SECRET}"
[transfer]
allow = ["key:{peers.KEY_NAME}"]
notify = ["127.0.0.1:{other.port}"]
[store]
directory = "{self.folder / "store"}"
segment_size_mib = 1
[[update.zone]]
zone = "{self.changed}"
allow = ["key:{peers.KEY_NAME}"]
[[catalog.publish]]
zone = "{self.name}.catalog"
zones = ["subtree:{self.name}.example"]
[[catalog.follow]]
zone = "{other.name}.catalog"
primaries = ["127.0.0.1:{other.port}"]
{key}
[serve]
tls_listen = ["127.0.0.1:{self.tls_port}"]
[tls]
certificate = "{self.certificate}"
key = "{self.key}"
[metrics]
listen = "127.0.0.1:{self.metrics_port}"
[dnstap]
socket = "{self.folder / "tap"}"
""")
        return path

    def start(self, other):
        return Server(self.zones, "--settings", self.settings(other), "--control",
                      self.folder / "control", port=self.port, threads=2)


class Actor(threading.Thread):
    """Does one thing again and again until the storm is over; what failed is told by finish()."""

    def __init__(self, act, *arguments, pause=0.0):
        super().__init__(daemon=True)
        self._act, self._arguments, self._pause = act, arguments, pause
        self._is_over = threading.Event()
        self._failure = None
        self.count = 0

    def run(self):
        try:
            while not self._is_over.wait(self._pause):
                self._act(*self._arguments, self.count)
                self.count += 1
        except Exception as failure:  # Whatever it is, the test fails by it.
            self._failure = failure

    def finish(self):
        self._is_over.set()
        self.join(2 * PATIENCE)
        assert not self.is_alive(), f"{self._act.__name__} hangs"
        if self._failure:
            raise self._failure
        assert self.count > 0, f"{self._act.__name__} did nothing"


def edit(twin, server, number):
    """One more version of a zone, at times a broken one; guests come and go, certificates too."""
    twin.serial += 1
    guest = f"guest{number % GUESTS}"
    if guest in twin.guests:
        (twin.zones / f"{twin.zone(guest)}.zone").unlink()
        del twin.guests[guest]
    else:
        twin.write(guest)
        twin.guests[guest] = twin.serial
    if number % 10 == 3:
        certificate, key = twin.authority.issue("server.example", "next")
        key.rename(twin.key)
        certificate.rename(twin.certificate)
    if number % 5 == 4:
        twin.write("steady", "broken MX\n")
        server.reload()
        twin.serial += 1
    twin.write("steady")
    server.reload()


def update(twin, number):
    """A host comes, and one that came before goes; told that it is done, it is done for good."""
    wish = dns.update.Update(twin.changed, keyring=peers.KEYRING,
                             keyalgorithm=dns.tsig.HMAC_SHA256)
    wish.add(f"new{number}", 60, "A", "192.0.2.9")
    wish.delete(f"new{number - 5}")
    ask = dns.query.tcp if number % 2 else dns.query.udp
    done = ask(wish, "127.0.0.1", port=twin.port, timeout=PATIENCE)
    assert done.rcode() == dns.rcode.NOERROR, done
    twin.updates += 1
    twin.newcomers.add(number)
    twin.newcomers.discard(number - 5)


def fetch(twin, other, number):
    """A zone of its own or one that it follows, whole or as changes."""
    zone = [twin.steady, twin.changed, other.steady, other.changed][number % 4]
    kind, serial = ("AXFR", 0) if number % 3 else ("IXFR", max(1, twin.serial - 3))
    messages = dns.query.xfr("127.0.0.1", zone, kind, serial=serial, port=twin.port,
                             lifetime=PATIENCE, timeout=PATIENCE, relativize=False,
                             keyring=peers.KEYRING, keyalgorithm=dns.tsig.HMAC_SHA256)
    assert sum(len(message.answer) for message in messages) > 0


def watch(twin, other, number):
    """What an operator's programs ask: metrics, status, the list of zones, one zone's text."""
    assert value(scrape(twin.metrics_port), "nearcast_zones") >= 4
    control = Control(twin.folder / "control")
    commands = ["status", "zones", f"export {twin.changed}", f"retransfer {other.steady}"]
    answer = control.ask(commands[number % len(commands)])
    assert answer.get("ok", True), answer
    control.stream.close()


def shake_hands(twin, number):
    """A connection of its own for a question or two over TLS."""
    with stream.tls(twin.tls_port) as client:
        for _ in range(1 + number % 2):
            wire = stream.ask(client, stream.query(f"host{number % HOSTS}.{twin.steady}", "A"))
            assert dns.message.from_wire(wire).answer


def tap(listener, number):
    """Reads a little, slowly; every third connection gets no greeting at all."""
    try:
        reader = listener.accept()[0]
    except TimeoutError:
        return
    with reader:
        reader.settimeout(1)
        try:
            if number % 3 != 2:
                reader.recv(4096)
                body = struct.pack("!III", 1, 1, len(TAP_CONTENT)) + TAP_CONTENT  # ACCEPT
                reader.sendall(struct.pack("!II", 0, len(body)) + body)
            for _ in range(20):
                reader.recv(512)
                time.sleep(0.05)
        except OSError:
            pass


def load(mode, port, questions, rate):
    command = ["dnsperf", "-m", mode, "-s", "127.0.0.1", "-p", str(port), "-d", questions,
               "-l", str(SECONDS), "-t", str(PATIENCE), "-q", "20", "-c", "4", "-e", "-D",
               "-Q", str(rate)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ask_all(twins, tmp_path):
    """Starts the programs that ask both servers for all that is there, and for some that is not."""
    questions = tmp_path / "questions"
    questions.write_text("".join(
        f"host{i}.{zone} A\nnew{i}.{twin.changed} A\nx{i}.wild.{zone} TXT\nnone{i}.{zone} A\n"
        f"alias.{zone} A\nhost{i}.{twin.zone(f'guest{i % GUESTS}')} A\n"
        for i in range(50) for twin in twins for zone in (twin.steady, twin.changed)))
    return [load(*what) for twin in twins for what in (
        ("udp", twin.port, questions, 1500), ("tcp", twin.port, questions, 400),
        ("dot", twin.tls_port, questions, 200))]


@pytest.fixture(name="twins")
def two_twins(tmp_path):
    return Twin("a", tmp_path / "a"), Twin("b", tmp_path / "b")


def actors_of(twin, other, server, listener):
    return [Actor(edit, twin, server, pause=0.1), Actor(update, twin, pause=0.02),
            Actor(fetch, twin, other, pause=0.05), Actor(watch, twin, other, pause=0.1),
            Actor(shake_hands, twin, pause=0.05), Actor(tap, listener)]


def tap_listener(twin):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(twin.folder / "tap"))
    listener.listen()
    listener.settimeout(1)
    return listener


def agree(twin, other):
    """Whether `other` serves what `twin` does, each zone in the same version, and nothing else."""
    for name in [*(f"guest{i}" for i in range(GUESTS)), "steady"]:
        wanted = twin.guests.get(name) if name != "steady" else twin.serial
        if any(peers.serial_at(server.port, twin.zone(name)) != wanted for server in (twin, other)):
            return False
    serial = 1 + twin.updates
    return all(peers.serial_at(server.port, twin.changed) == serial for server in (twin, other))


def assert_nothing_is_lost(twin, other):
    """What both have is the same to the last record, and what updates left is there."""
    for zone in (twin.steady, twin.changed):
        own = peers.transfer(twin.port, zone)
        assert peers.transfer(other.port, zone) == own, zone
    newcomers = {f"new{i}.{twin.changed}. 60 A 192.0.2.9" for i in twin.newcomers}
    assert {line for line in own if line.startswith("new")} == newcomers


def test_everything_at_once(twins, tmp_path):
    a, b = twins
    with tap_listener(a) as tap_a, tap_listener(b) as tap_b, \
            a.start(b) as server_a, b.start(a) as server_b:
        peers.wait_until(lambda: agree(a, b) and agree(b, a), "the first transfers", PATIENCE)
        actors = [*actors_of(a, b, server_a, tap_a), *actors_of(b, a, server_b, tap_b)]
        loads = ask_all(twins, tmp_path)
        for actor in actors:
            actor.start()
        found = [each.communicate(timeout=SECONDS + 2 * PATIENCE)[0] for each in loads]
        for actor in actors:
            actor.finish()
        for text in found:
            assert "Queries lost:         0 (0.00%)" in text, text
        peers.wait_until(lambda: agree(a, b) and agree(b, a), "the same zones at both", PATIENCE)
        assert_nothing_is_lost(a, b)
        assert_nothing_is_lost(b, a)
