"""The zone store: kill, full disk and damage never lose what was acknowledged, nor serve nonsense."""

import ctypes
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

import dns.message
import dns.query
import dns.rcode
import dns.rrset
import dns.update
import pytest
from server import Server, binary, nearcast

KILLS = 20
ZONE = "store.test"
CLONE_NEWNS = 0x20000


def zone_text(serial, extra=""):
    return f"$TTL 60\n@ SOA ns1 host {serial} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n{extra}"


def filler(count):
    return "".join(f"n{i} A 192.0.2.{i % 250}\n" for i in range(count))


@pytest.fixture(name="zones")
def zone_folder(tmp_path):
    folder = tmp_path / "zones"
    folder.mkdir()
    return folder


@pytest.fixture(name="settings")
def settings_file(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text(f'[store]\ndirectory = "{tmp_path}/store"\n[transfer]\nallow = ["127.0.0.1"]\n')
    return path


def serve(zones, settings):
    return Server(zones, "--settings", settings, "--control", settings.parent / "server.sock")


def write(zones, serial, extra="", age=60):
    """A zone file that is old enough for its stamp to be trusted."""
    path = zones / f"{ZONE}.zone"
    fresh = path.with_suffix(".fresh")
    fresh.write_text(zone_text(serial, extra))
    then = time.time() - age + serial / 1000
    os.utime(fresh, (then, then))
    fresh.rename(path)


def serial_of(server):
    query = dns.message.make_query(ZONE, "SOA")
    answer = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=5)
    return answer.answer[0][0].serial if answer.answer else None


def has_event(server, event):
    return any(f" {event} " in line or line.endswith(f" {event}") for line in server.log)


def segment(settings):
    return sorted((settings.parent / "store").glob("segment-*"))[-1]


def test_a_restart_parses_no_file_that_is_the_same(zones, settings):
    write(zones, 7, filler(100))
    with serve(zones, settings) as server:
        assert serial_of(server) == 7
    with serve(zones, settings) as server:
        assert "loaded=0 unchanged=1 restored=1" in "\n".join(server.log)
        assert serial_of(server) == 7
    write(zones, 8, filler(100))
    with serve(zones, settings) as server:
        assert "loaded=1 unchanged=0 restored=1" in "\n".join(server.log)
        assert serial_of(server) == 8


def test_a_second_file_of_a_zone_is_refused_also_after_a_restart(zones, settings):
    write(zones, 7)
    with serve(zones, settings):
        pass
    (zones / "another.zone").write_text(f"$ORIGIN {ZONE}.\n" + zone_text(9))
    with serve(zones, settings) as server:
        log = "\n".join(server.log)
        assert "restored=1" in log and f"{ZONE}.zone too" in log, log
        assert serial_of(server) == 7


def test_a_changed_file_gives_a_difference_also_over_a_restart(zones, settings):
    write(zones, 7, filler(1000))
    with serve(zones, settings) as server:
        assert serial_of(server) == 7
    write(zones, 8, filler(1000) + "more A 192.0.2.9\n")
    with serve(zones, settings) as server:
        query = dns.message.make_query(ZONE, "IXFR")
        query.authority.append(
            dns.rrset.from_text(f"{ZONE}.", 60, "IN", "SOA", f"ns1.{ZONE}. h.{ZONE}. 7 1 1 1 1"))
        answer = dns.query.tcp(query, "127.0.0.1", port=server.port, timeout=5,
                               one_rr_per_rrset=True)
        # Our SOA, theirs, ours again, the one new record, ours.
        assert len(answer.answer) == 5


def test_a_bad_file_at_a_start_leaves_the_last_good_version(zones, settings):
    write(zones, 7)
    with serve(zones, settings) as server:
        assert serial_of(server) == 7
    write(zones, 8, "broken MX\n")
    with serve(zones, settings) as server:
        assert has_event(server, "zone_failed")
        assert serial_of(server) == 7


def test_kills_at_any_moment_lose_nothing_that_was_told(zones, settings):
    chance = random.Random(7)
    told = 1
    write(zones, told, filler(200))
    for _ in range(KILLS):
        server = serve(zones, settings).__enter__()
        assert serial_of(server) >= told
        for _ in range(3):
            write(zones, told + 1, filler(chance.randrange(100, 3000)))
            told += 1
            server.reload()
            assert serial_of(server) == told
        write(zones, told + 1, filler(chance.randrange(100, 3000)))
        server.process.send_signal(signal.SIGHUP)
        time.sleep(chance.random() / 50)
        server.kill()
        told += 1  # The file is there, whether or not the reload was.
    with serve(zones, settings) as server:
        assert serial_of(server) == told


def test_damage_is_told_and_the_file_read_anew(zones, settings):
    write(zones, 7, filler(50))
    with serve(zones, settings) as server:
        assert serial_of(server) == 7
    path = segment(settings)
    data = bytearray(path.read_bytes())
    for at in range(1000, len(data), 500):
        data[at] ^= 0x55
    path.write_bytes(data)
    with serve(zones, settings) as server:
        assert has_event(server, "store_damaged")
        assert serial_of(server) == 7


def test_damage_of_a_secondary_is_repaired_by_its_primary(zones, settings, tmp_path):
    write(zones, 7, filler(50))
    empty = tmp_path / "empty"
    empty.mkdir()
    own = tmp_path / "secondary" / "settings.toml"
    own.parent.mkdir()
    with serve(zones, settings) as primary:
        own.write_text(f'[store]\ndirectory = "{own.parent}/store"\n[[secondary]]\n'
                       f'zone = "{ZONE}"\nprimaries = ["127.0.0.1:{primary.port}"]\n')
        with serve(empty, own) as server:
            server.wait_for_event("secondary_fetched")
            assert serial_of(server) == 7
        path = segment(own)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x55
        path.write_bytes(data)
        with serve(empty, own) as server:
            server.wait_for_event("secondary_fetched")
            assert has_event(server, "store_damaged")
            assert serial_of(server) == 7
    # And without the primary, from the disk.
    with serve(empty, own) as server:
        assert serial_of(server) == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_full_disk_is_told_and_served_through(zones, settings, tmp_path):
    disk = tmp_path / "store"
    disk.mkdir()
    # A mount that nobody else sees, and that is gone with this process whatever happens.
    assert ctypes.CDLL(None).unshare(CLONE_NEWNS) == 0
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], check=True)
    try:
        write(zones, 7)
        with serve(zones, settings) as server:
            (disk / "ballast").write_bytes(b"x" * 240_000)
            write(zones, 8, filler(3000))
            server.reload()
            assert serial_of(server) == 8
            assert has_event(server, "store_failing")
            (disk / "ballast").unlink()
            write(zones, 9, filler(10))
            server.reload()
            assert has_event(server, "store_works_again")
        with serve(zones, settings) as server:
            assert "loaded=0 unchanged=1 restored=1" in "\n".join(server.log)
            assert serial_of(server) == 9
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def update(server):
    change = dns.update.Update(ZONE)
    change.add("new", 60, "A", "192.0.2.9")
    return dns.query.udp(change, "127.0.0.1", port=server.port, timeout=5).rcode()


def test_an_update_is_warned_of_as_a_file_is(zones, settings):
    with settings.open("a") as file:
        file.write(f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["127.0.0.1"]\n')
    write(zones, 7, "moved DNAME elsewhere.test.\n")
    with serve(zones, settings) as server:
        for name, kind, data, reason in (
                ("*.w", "NS", "ns.example.", "is a wildcard with NS records"),
                ("x.moved", "TXT", "y", "is never answered: moved.store.test. is redirected")):
            message = dns.update.UpdateMessage(ZONE)
            message.add(name, 60, kind, data)
            answer = dns.query.udp(message, "127.0.0.1", port=server.port, timeout=5)
            assert answer.rcode() == dns.rcode.NOERROR
            told = server.wait_for_event("update_warning")
            assert reason in told and "try=" in told


def test_a_bad_file_is_told_with_the_serial_that_updates_have_led_to(zones, settings):
    with settings.open("a") as file:
        file.write(f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["127.0.0.1"]\n')
    write(zones, 7)
    with serve(zones, settings) as server:
        assert update(server) == dns.rcode.NOERROR
        write(zones, 20, "broken MX\n")
        os.kill(server.process.pid, signal.SIGHUP)
        assert "still_serving_serial=8" in server.wait_for_event("zone_failed")


@pytest.mark.parametrize("is_configured", [True, False])
def test_without_a_store_zones_are_served_and_no_update_is_taken(zones, settings, tmp_path,
                                                                 is_configured):
    if is_configured:
        (tmp_path / "store").write_text("a file in its place")
    else:
        settings.write_text('[transfer]\ndirectory = ""\nallow = ["127.0.0.1"]\n')
    with settings.open("a") as file:
        file.write(f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["127.0.0.1"]\n')
    write(zones, 7)
    with serve(zones, settings) as server:
        assert has_event(server, "store_unavailable") == is_configured
        assert has_event(server, "updates_refused")
        assert update(server) == dns.rcode.SERVFAIL
        assert "try=" in server.wait_for_event("update_failed")
        assert serial_of(server) == 7
        # What comes from elsewhere goes on.
        write(zones, 8)
        server.reload()
        assert serial_of(server) == 8


def test_an_update_that_was_told_is_there_after_a_kill(zones, settings):
    with settings.open("a") as file:
        file.write(f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["127.0.0.1"]\n')
    write(zones, 7)
    with serve(zones, settings) as server:
        assert update(server) == dns.rcode.NOERROR
        server.kill()
    with serve(zones, settings) as server:
        assert serial_of(server) == 8


def test_a_stranger_in_the_store_disables_nothing(zones, settings):
    with settings.open("a") as file:
        file.write(f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["127.0.0.1"]\n')
    write(zones, 7)
    with serve(zones, settings) as server:
        assert update(server) == dns.rcode.NOERROR
    (segment(settings).parent / "segment-00000000000000ff").mkdir()
    with serve(zones, settings) as server:
        line = server.wait_for_event("store_damaged")
        assert "segment-00000000000000ff" in line and 'try="move it' in line
        assert serial_of(server) == 8
        assert update(server) == dns.rcode.NOERROR


def test_an_update_outlives_the_damage_of_the_image_it_changes(zones, settings):
    with settings.open("a") as file:
        file.write(f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["127.0.0.1"]\n')
    write(zones, 7)
    with serve(zones, settings) as server:
        assert update(server) == dns.rcode.NOERROR
    path = segment(settings)
    data = bytearray(path.read_bytes())
    image = data.index(b"\x03ns1", 400)  # A record in the first thing that was stored.
    data[image] ^= 0x55
    path.write_bytes(data)
    with serve(zones, settings) as server:
        assert has_event(server, "store_damaged") and has_event(server, "zone_rebuilt")
        assert not has_event(server, "zone_lost_changes")
        assert serial_of(server) == 8
        assert "failed=0" in "\n".join(server.log)
    # The file may be bad by now: the image that was stored anew needs none.
    write(zones, 7, "broken MX\n")
    with serve(zones, settings) as server:
        assert serial_of(server) == 8


def ask(settings, command):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(settings.parent / "server.sock"))
        client.sendall(command.encode() + b"\n")
        return json.loads(client.makefile().readline())


def test_the_operator_sees_zones_and_gets_their_records(zones, settings):
    write(zones, 7, filler(3000))
    with serve(zones, settings) as server:
        write(zones, 8, filler(3001))
        server.reload()
        (zone,) = ask(settings, "zones")["zones"]
        assert (zone["serial"], zone["origin"], zone["journal_from"]) == (8, "file", 7)
        assert zone["is_served"] and zone["is_stored"] and not zone["damages"]
        control = ["--control", settings.parent / "server.sock"]
        text = subprocess.run([nearcast(), "node", "export", ZONE, *control],
                              capture_output=True, text=True, check=True).stdout
        assert text.count("\n") == 3001 + 3
        assert "n3000.store.test. 60 IN A" in text
        shown = subprocess.run([nearcast(), "node", "zones", *control],
                               capture_output=True, text=True, check=True).stdout
        assert "store.test.  serial 8  from file" in shown
        assert "history from 7 (1 changes)" in shown


def test_the_operator_sees_whose_serial_went_back(zones, settings):
    def shown():
        (zone,) = ask(settings, "zones")["zones"]
        text = subprocess.run([nearcast(), "node", "zones", "--control",
                               settings.parent / "server.sock"],
                              capture_output=True, text=True, check=True).stdout
        told = f"went back from {zone['went_back_from']}: sent whole until it is past that"
        assert (told in text) == (zone["went_back_from"] is not None), text
        return zone["serial"], zone["went_back_from"]

    write(zones, 9)
    with serve(zones, settings) as server:
        assert shown() == (9, None)
        for serial, back_from in ((7, 9), (8, 9), (9, 9), (10, None)):
            write(zones, serial, f"a{serial} A 192.0.2.1\n")
            server.reload()
            assert shown() == (serial, back_from)
