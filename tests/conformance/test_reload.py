"""Reloads and restarts under load: no query is lost, and nothing grows."""

import os
import signal
import socket
import struct
import subprocess
import threading
import time

import dns.message
import dns.query
import dns.rcode
import pytest
from server import Server, free_port

RELOADS = 30
WINDOW = 50  # Queries in flight for each asker: far below what a socket holds.
LIMIT = 5  # Seconds after which a query counts as lost.


def zone_text(serial):
    lines = [f"$TTL 300\n@ SOA ns1 host {serial} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"]
    lines += [f"n{i} A 192.0.{i // 256}.{i % 256}\n" for i in range(2000)]
    return "".join(lines)


@pytest.fixture(name="zones")
def zone_folder(tmp_path):
    folder = tmp_path / "zones"
    folder.mkdir()
    (folder / "reload.test.zone").write_text(zone_text(1))
    (folder / "quiet.test.zone").write_text(zone_text(1))
    return folder


class Asker(threading.Thread):
    """Keeps WINDOW questions in flight over UDP; counts answers, losses and wrong answers."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.address = (server.host, server.port)
        self.answered = self.lost = self.wrong = 0
        self.is_done = threading.Event()

    def run(self):
        query = bytearray(dns.message.make_query("n7.reload.test", "A", id=0).to_wire())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(self.address)
            client.settimeout(LIMIT)
            number = 0
            while not self.is_done.is_set():
                waiting = set()
                for _ in range(WINDOW):
                    number = (number + 1) & 0xFFFF
                    struct.pack_into("!H", query, 0, number)
                    client.send(query)
                    waiting.add(number)
                self.collect(client, waiting)

    def collect(self, client, waiting):
        while waiting:
            try:
                response = client.recv(4096)
            except TimeoutError:
                self.lost += len(waiting)
                return
            waiting.discard(struct.unpack_from("!H", response)[0])
            self.answered += 1
            self.wrong += response[3] & 0xF != 0 or response[7] != 1

    def finish(self):
        self.is_done.set()
        self.join()


def test_reloads_under_load_lose_nothing(zones):
    with Server(zones, threads=2) as server:
        askers = [Asker(server) for _ in range(3)]
        for asker in askers:
            asker.start()
        for serial in range(2, 2 + RELOADS):
            text = zone_text(serial) + ("broken MX\n" if serial % 5 == 0 else "")
            (zones / "reload.test.zone").write_text(text)
            server.reload()
        for asker in askers:
            asker.finish()
        assert sum(asker.answered for asker in askers) > 1000
        assert [(asker.lost, asker.wrong) for asker in askers] == [(0, 0)] * 3


def test_reloads_do_not_make_the_server_grow(zones):
    # The address sanitizer keeps what was freed for a while, unless told not to.
    environment = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                   ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
    with Server(zones, threads=2, environment=environment) as server:
        sizes = []
        for serial in range(2, 32):
            (zones / "reload.test.zone").write_text(zone_text(serial))
            server.reload()
            sizes.append(server.memory_kib())
        assert sizes[-1] < 1.5 * sizes[9], sizes


def test_signals_in_quick_succession_are_all_heard(zones):
    with Server(zones) as server:
        for serial in range(2, 12):
            (zones / "reload.test.zone").write_text(zone_text(serial))
            server.process.send_signal(signal.SIGHUP)
        # The last change is taken in, whichever reload sees it.
        deadline = time.monotonic() + 60
        while soa_serial(server) != 11:
            assert time.monotonic() < deadline


def soa_serial(server):
    query = dns.message.make_query("reload.test", "SOA")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((server.host, server.port))
        client.settimeout(LIMIT)
        client.send(query.to_wire())
        return dns.message.from_wire(client.recv(4096)).answer[0][0].serial


def test_ends_orderly_with_queries_on_their_way(zones):
    """Everything that reached the socket before the end is answered."""
    with Server(zones) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((server.host, server.port))
        client.settimeout(LIMIT)
        server.process.send_signal(signal.SIGSTOP)
        for number in range(WINDOW):
            client.send(dns.message.make_query("n7.reload.test", "A", id=number).to_wire())
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        assert len({client.recv(4096)[:2] for _ in range(WINDOW)}) == WINDOW
        assert server.process.wait(LIMIT * 4) == 0


def test_starts_again_at_once_on_the_same_port(zones):
    port = free_port()
    for _ in range(3):
        with Server(zones, port=port) as server:
            with socket.create_connection((server.host, server.port)) as stream:
                wire = dns.message.make_query("n7.reload.test", "A").to_wire()
                stream.sendall(struct.pack("!H", len(wire)) + wire)
                assert stream.recv(2)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(LIMIT * 4) == 0


def test_killed_it_starts_again_at_once(zones):
    port = free_port()
    server = Server(zones, port=port)
    server.__enter__()
    server.kill()
    with Server(zones, port=port) as again:
        assert soa_serial(again) == 1


def test_a_bad_file_at_a_restart_leaves_the_others(zones):
    (zones / "reload.test.zone").write_text("nonsense\n")
    with Server(zones) as server:
        query = dns.message.make_query("n7.quiet.test", "A")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((server.host, server.port))
            client.settimeout(LIMIT)
            client.send(query.to_wire())
            assert dns.message.from_wire(client.recv(4096)).answer


def rcode_of(server, name):
    query = dns.message.make_query(name, "A")
    return dns.rcode.to_text(
        dns.query.udp(query, server.host, port=server.port, timeout=LIMIT).rcode())


def test_what_editors_and_copying_programs_leave_is_no_zone(zones):
    """Such names are none of a zone, and relative names in the files would be those of the root."""
    with Server(zones) as server:
        (zones / ".#reload.test.zone").symlink_to("somebody@host.1:2")
        (zones / ".quiet.test.zone").write_text(zone_text(7))
        (zones / "._new.test.zone").write_bytes(bytes(range(256)))
        assert "failed=0" in server.reload()
        assert rcode_of(server, "elsewhere.test") == "REFUSED"
        (zones / "reload..test.zone").write_text(zone_text(7))
        assert "failed=1" in server.reload()
        assert any("the file is named for no zone" in line for line in server.log)
        assert rcode_of(server, "elsewhere.test") == "REFUSED"
        assert rcode_of(server, "n7.quiet.test") == "NOERROR"


def test_what_the_memory_has_no_room_for_is_refused_and_the_old_version_served(zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("[zones]\nmemory_max_mib = 1\n")
    large = zone_text(2) + "".join(f"more{i} A 192.0.2.1\n" for i in range(20_000))
    with Server(zones, "--settings", settings) as server:
        (zones / "reload.test.zone").write_text(large)
        (zones / "new.test.zone").write_text(large)
        server.reload()
        told = [line for line in server.log if "no room in memory" in line]
        assert len(told) == 2 and all("raise memory_max_mib" in line for line in told)
        for zone, rcode, serial in (("reload.test", "NOERROR", 1), ("quiet.test", "NOERROR", 1),
                                    ("new.test", "SERVFAIL", None)):
            query = dns.message.make_query(zone, "SOA")
            answer = dns.query.udp(query, server.host, port=server.port, timeout=LIMIT)
            assert dns.rcode.to_text(answer.rcode()) == rcode
            assert [rrset[0].serial for rrset in answer.answer] == ([serial] if serial else [])
        # It is tried again with each reload: what was in the way may be gone.
        (zones / "new.test.zone").write_text(zone_text(3))
        assert "loaded=1" in (told := server.reload()) and "failed=1" in told


def test_dnsperf_sees_no_loss_over_reloads(zones, tmp_path):
    questions = tmp_path / "questions"
    questions.write_text("".join(f"n{i}.reload.test A\n" for i in range(2000)))
    with Server(zones, threads=2) as server:
        # fmt: off
        load = subprocess.Popen(
            ["dnsperf", "-s", server.host, "-p", str(server.port), "-d", questions, "-l", "5",
             "-q", "50", "-Q", "20000"], stdout=subprocess.PIPE, text=True)
        # fmt: on
        serial = 1
        while load.poll() is None:
            serial += 1
            (zones / "reload.test.zone").write_text(zone_text(serial))
            server.reload()
        found = load.stdout.read()
        assert serial > 5 and "Queries lost:         0 (0.00%)" in found, found
