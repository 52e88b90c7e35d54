"""A secondary that is killed while zones come in serves after each start what its primary had."""

import random
import threading
import time

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.update
from server import START_LIMIT, Server, free_port

KILLS = 20
ZONE = "storm.test"
FILLERS = 2000
KEPT = 20  # Hosts that the latest updates have added.
HISTORY = 3  # Changes that the primary keeps.


def zone_text():
    hosts = "".join(f"f{i} A 192.0.2.{i % 250}\n" for i in range(FILLERS))
    return f"$TTL 60\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nversion TXT 1\n{hosts}"


def names_of(serial):
    """The hosts of that version, as updates() makes it."""
    return {f"u{i}" for i in range(max(2, serial - KEPT + 1), serial + 1)}


def change(port, serial):
    """Makes the version with that serial of the one before it; the outcome."""
    update = dns.update.Update(ZONE)
    update.replace("version", 60, "TXT", str(serial))
    update.add(f"u{serial}", 60, "A", "192.0.2.1")
    update.delete(f"u{serial - KEPT}")
    return dns.query.udp(update, "127.0.0.1", port=port, timeout=START_LIMIT).rcode()


class Updates:
    """Changes the zone at a primary as fast as it takes it, until the end of the block."""

    def __init__(self, port):
        self.serial = 1
        self._port = port
        self._is_over = threading.Event()
        self._outcomes = set()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self._is_over.set()
        self._thread.join()
        assert self._outcomes == {dns.rcode.NOERROR}

    def _run(self):
        while not self._is_over.is_set():
            self.serial += 1
            self._outcomes.add(change(self._port, self.serial))


def serial_of(port):
    query = dns.message.make_query(ZONE, "SOA")
    answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=START_LIMIT)
    return answer.answer[0][0].serial if answer.answer else 0


def assert_is_a_version(port):
    """What is served whole is one of the primary's versions; its serial."""
    serial, version, names = None, None, set()
    for message in dns.query.xfr("127.0.0.1", ZONE, port=port, lifetime=START_LIMIT):
        for rrset in message.answer:
            if rrset.rdtype == dns.rdatatype.SOA:
                serial = rrset[0].serial
            elif rrset.rdtype == dns.rdatatype.TXT:
                version = int(rrset[0].strings[0])
            elif rrset.rdtype == dns.rdatatype.A:
                names.add(str(rrset.name))
    assert version == serial
    assert names == names_of(serial) | {f"f{i}" for i in range(FILLERS)}
    return serial


class Secondary:
    """Started and killed over and over, with one store."""

    def __init__(self, folder):
        self._folder = folder
        self._zones = folder / "none"
        self._zones.mkdir(parents=True)
        self.port = free_port()

    def serve(self, primary_port):
        settings = self._folder / "settings.toml"
        settings.write_text(f'[store]\ndirectory = "{self._folder}/store"\n'
                            '[transfer]\nallow = ["127.0.0.1"]\n'
                            f'[[secondary]]\nzone = "{ZONE}"\n'
                            f'primaries = ["127.0.0.1:{primary_port}"]\n')
        return Server(self._zones, "--settings", settings, "--control",
                      self._folder / "control", port=self.port)


def wait_for_later(port, serial):
    deadline = time.monotonic() + START_LIMIT
    while serial_of(port) <= serial:
        assert time.monotonic() < deadline, f"nothing later than {serial} came"
        time.sleep(0.01)


def test_kills_in_the_middle_of_transfers_lose_nothing_that_was_served(tmp_path):
    chance = random.Random(9)
    zones = tmp_path / "zones"
    zones.mkdir()
    (zones / f"{ZONE}.zone").write_text(zone_text())
    secondary = Secondary(tmp_path / "secondary")
    settings = tmp_path / "settings.toml"
    # So short that a secondary which lags far gets all of the zone.
    settings.write_text(f'[store]\ndirectory = "{tmp_path}/store"\n'
                        f'journal_count_max = {HISTORY}\n'
                        '[transfer]\nallow = ["127.0.0.1"]\n'
                        f'notify = ["127.0.0.1:{secondary.port}"]\n'
                        f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["127.0.0.1"]\n')
    nobody = free_port()
    known = 0

    def start_alone():
        """From the disk alone; what is served then."""
        with secondary.serve(nobody) as server:
            serial = assert_is_a_version(server.port)
            server.kill()
        return serial

    with Server(zones, "--settings", settings, "--control", tmp_path / "control") as primary:
        with secondary.serve(primary.port) as server:
            assert "content=zone" in server.wait_for_event("secondary_fetched")
            server.kill()
        assert start_alone() == 1
        with Updates(primary.port) as updates:
            for _ in range(KILLS):
                with secondary.serve(primary.port) as server:
                    wait_for_later(server.port, known)
                    time.sleep(chance.random() / 5)
                    served = serial_of(server.port)
                    server.kill()
                known = start_alone()
                assert known >= served
        with secondary.serve(primary.port) as server:
            wait_for_later(server.port, updates.serial - 1)
            server.kill()
        assert change(primary.port, updates.serial + 1) == dns.rcode.NOERROR
        with secondary.serve(primary.port) as server:
            assert "content=changes" in server.wait_for_event("secondary_fetched")
            server.kill()
        assert start_alone() == updates.serial + 1
