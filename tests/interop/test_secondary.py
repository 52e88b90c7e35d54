"""Nearcast as a secondary of Knot, BIND and NSD, and what becomes of its copies."""

import pathlib
import subprocess

import dns.message
import dns.opcode
import dns.query
import dns.rcode
import pytest

import peers
from server import START_LIMIT, Server, binary

ALLOW_KEY = f'[transfer]\nallow = ["key:{peers.KEY_NAME}"]\n'


def secondary(transfers, directory, zone, *ports):
    primaries = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    return transfers(f'[transfer]\ndirectory = "{directory}"\n'
                     f'[[secondary]]\nzone = "{zone}"\nprimaries = [{primaries}]\n'
                     f'key = "{peers.KEY_NAME}"\n')


def rcode_at(port, zone):
    query = dns.message.make_query(zone, "SOA")
    return dns.query.udp(query, "127.0.0.1", port=port, timeout=10).rcode()


def retransfer(control, zone):
    """The operator's command, as he has it."""
    command = pathlib.Path(binary()).with_name("nearcast")
    return subprocess.run([command, "node", "retransfer", zone, "--control", control],
                          capture_output=True, text=True, timeout=START_LIMIT)


def test_a_retransfer_of_what_is_no_secondary_is_refused(zones, transfers, tmp_path):
    with Server(zones, "--settings", transfers(ALLOW_KEY), "--control", tmp_path / "control"):
        done = retransfer(tmp_path / "control", "odd.example")
        assert done.returncode == 1
        assert "odd.example. is no zone that comes from a primary" in done.stderr
        assert "[[secondary]]" in done.stderr
        done = retransfer(tmp_path / "nobody", "odd.example")
        assert done.returncode == 1 and "nobody" in done.stderr


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "none"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("peer", peers.ALL, ids=lambda peer: peer.program)
@pytest.mark.parametrize("zone", ["odd.example", "large.example"])
def test_the_same_zone_comes_and_its_change_too(peer, zone, zones, transfers, tmp_path, empty):
    theirs = peer(tmp_path / "peer")
    config = secondary(transfers, tmp_path / "copies", zone, theirs.port)
    with Server(empty, "--settings", config) as ours:
        with theirs.as_primary(zone, zones / f"{zone}.zone", ours.port):
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the first transfer")
            for name in ["", "mail.", "host7.", "x.wild.", "odd\\.dot."]:
                for kind in ["MX", "A", "TXT", "NS"]:
                    query = dns.message.make_query(name + zone, kind)
                    answers = [dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
                               for port in (ours.port, theirs.port)]
                    assert answers[0].rcode() == answers[1].rcode(), (name, kind)
                    assert answers[0].answer == answers[1].answer, (name, kind)
            theirs.change()
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 8,
                             "the transfer after NOTIFY", seconds=25)


def test_the_copy_is_served_after_a_kill_with_no_primary_left(zones, transfers, tmp_path, empty):
    zone = "large.example"
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as primary:
        config = secondary(transfers, tmp_path / "copies", zone, primary.port)
        ours = Server(empty, "--settings", config)
        ours.__enter__()
        try:
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the transfer")
        finally:
            ours.kill()
    with Server(empty, "--settings", config) as ours:
        assert peers.serial_at(ours.port, zone) == 7


def zone_with(text):
    return f"$TTL 60\n@ SOA ns1 hostmaster 5 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n{text}"


def test_no_file_takes_the_place_of_a_zone_that_is_fetched(zones, transfers, tmp_path):
    zone = "odd.example"
    own = tmp_path / "own"
    own.mkdir()
    (own / "other.example.zone").write_text(zone_with(""))
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as primary:
        config = secondary(transfers, tmp_path / "copies", zone, primary.port)
        with Server(own, "--settings", config) as ours:
            ours.wait_for_event("secondary_fetched")
            (own / f"{zone}.zone").write_text(zone_with(""))
            assert "failed=1" in ours.reload()
            assert any("does not come from files" in line for line in ours.log)
            assert peers.serial_at(ours.port, zone) == 7
            (own / f"{zone}.zone").unlink()
            assert "failed=0" in ours.reload()
            assert peers.serial_at(ours.port, zone) == 7


def test_a_zone_whose_file_went_away_is_fetched(zones, transfers, tmp_path):
    zone = "odd.example"
    own = tmp_path / "own"
    own.mkdir()
    (own / "other.example.zone").write_text(zone_with(""))
    (own / f"{zone}.zone").write_text(zone_with(""))
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as primary:
        config = secondary(transfers, tmp_path / "copies", zone, primary.port)
        with Server(own, "--settings", config) as ours:
            assert any("secondary_conflict" in line for line in ours.log)
            (own / f"{zone}.zone").write_text(zone_with("more A 192.0.2.2\n"))
            ours.reload()
            assert peers.serial_at(ours.port, zone) == 5
            (own / f"{zone}.zone").unlink()
            ours.reload()
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the transfer")


def test_what_is_stored_of_a_file_gives_way_to_a_section(zones, transfers, tmp_path, empty):
    """Once the file is gone: where it was the last one, and under a restart, too."""
    zone = "odd.example"
    copies = tmp_path / "copies"
    (empty / f"{zone}.zone").write_text(zone_with(""))
    with Server(empty, "--settings", transfers(f'[store]\ndirectory = "{copies}"\n')) as ours:
        assert peers.serial_at(ours.port, zone) == 5
    (empty / f"{zone}.zone").unlink()
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as primary:
        config = secondary(transfers, copies, zone, primary.port)
        with Server(empty, "--settings", config) as ours:
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the transfer")


def test_a_damaged_copy_is_told_and_fetched_anew(zones, transfers, tmp_path, empty):
    zone = "odd.example"
    copies = tmp_path / "copies"
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as primary:
        config = secondary(transfers, copies, zone, primary.port)
        with Server(empty, "--settings", config) as ours:
            ours.wait_for_event("secondary_fetched")
        file = max(copies.rglob("*"), key=lambda path: path.is_file() and path.stat().st_size)
        damaged = bytearray(file.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        file.write_bytes(damaged)
        with Server(empty, "--settings", config) as ours:
            assert any("store_damaged" in line for line in ours.log)
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the second transfer")


def test_an_expired_zone_is_servfail_and_no_other_is(zones, transfers, tmp_path):
    zone = "short.example"
    (zones / f"{zone}.zone").write_text(
        "$TTL 300\n@ SOA ns1 hostmaster 7 1 1 3 60\n@ NS ns1\nns1 A 192.0.2.1\n")
    own = tmp_path / "own"
    own.mkdir()
    (own / "odd.example.zone").write_text((zones / "odd.example.zone").read_text())
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as primary:
        config = secondary(transfers, tmp_path / "copies", zone, primary.port)
        with Server(own, "--settings", config) as ours:
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the transfer")
            primary.process.terminate()
            primary.process.wait(START_LIMIT)
            ours.wait_for_event("secondary_expired")
            assert rcode_at(ours.port, zone) == dns.rcode.SERVFAIL
            assert rcode_at(ours.port, "odd.example") == dns.rcode.NOERROR


def test_the_next_primary_is_asked_and_an_older_serial_is_refused(zones, transfers, tmp_path,
                                                                  empty):
    zone = "odd.example"
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as primary:
        config = secondary(transfers, tmp_path / "copies", zone, peers.free_port(), primary.port)
        with Server(empty, "--settings", config, "--control", tmp_path / "control") as ours:
            ours.wait_for_event("secondary_fetched")
            path = zones / f"{zone}.zone"
            path.write_text(path.read_text().replace("hostmaster 7 ", "hostmaster 6 "))
            primary.reload()
            notify = dns.message.make_query(zone, "SOA")
            notify.set_opcode(dns.opcode.NOTIFY)
            answer = dns.query.udp(notify, "127.0.0.1", port=ours.port, timeout=10)
            assert answer.rcode() == dns.rcode.NOERROR
            while "older than ours" not in (line := ours.wait_for_event("secondary_failed")):
                pass
            assert f"nearcast node retransfer {zone}" in line
            assert peers.serial_at(ours.port, zone) == 7
            done = retransfer(tmp_path / "control", zone)
            assert done.returncode == 0, done.stderr
            assert zone in done.stdout
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 6, "the older version")


def test_a_wrong_secret_is_told(zones, transfers, tmp_path, empty):
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as primary:
        config = secondary(transfers, tmp_path / "copies", "odd.example", primary.port)
        config.write_text(config.read_text().replace(peers.SECRET, "d3Jvbmc="))
        with Server(empty, "--settings", config) as ours:
            assert "NOTAUTH" in ours.wait_for_event("secondary_failed")
            assert rcode_at(ours.port, "odd.example") == dns.rcode.SERVFAIL
