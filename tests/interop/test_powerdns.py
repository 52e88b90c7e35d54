"""Zones to and from PowerDNS, which keeps them in a database and speaks AXFR with TSIG."""

import dns.message
import dns.query
import pytest

import peers
from server import Server

QUESTIONS = [("", "MX"), ("mail.", "A"), ("x.wild.", "TXT"), ("odd\\.dot.", "TXT"), ("none.", "A"),
             ("alias.", "A"), ("https.", "HTTPS"), ("unknown.", "TYPE65280")]  # fmt: skip


def compare(ours, theirs, zone):
    for name, kind in QUESTIONS:
        query = dns.message.make_query(name + zone, kind)
        answers = [dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
                   for port in (ours.port, theirs.port)]  # fmt: skip
        assert answers[0].rcode() == answers[1].rcode(), (name, kind)
        assert answers[0].answer == answers[1].answer, (name, kind)


@pytest.mark.parametrize("zone", ["odd.example", "large.example"])
def test_powerdns_gets_our_zone_and_hears_of_its_change(zone, zones, transfers, tmp_path):
    theirs = peers.PowerDns(tmp_path / "peer")
    with peers.secondary_of_ours(theirs, zone, zones, transfers) as ours:
        compare(ours, theirs, zone)
        path = zones / f"{zone}.zone"
        path.write_text(path.read_text().replace("hostmaster 7 ", "hostmaster 8 "))
        ours.reload()
        peers.wait_until(lambda: peers.serial_at(theirs.port, zone) == 8, "the second")
        def sent():
            return [line.partition("content=")[2].split()[0] for line in ours.log
                    if " transfer_sent " in line and f" zone={zone}. " in line]

        # It may serve the zone before we have seen it take the last octet.
        peers.wait_until(lambda: len(sent()) == 2, "the transfers")
        assert sent() == ["zone", "changes"]


@pytest.mark.parametrize("zone", ["odd.example", "large.example"])
def test_we_get_the_zone_of_powerdns_and_its_change(zone, zones, transfers, tmp_path):
    theirs = peers.PowerDns(tmp_path / "peer")
    empty = tmp_path / "none"
    empty.mkdir()
    config = transfers(f'[transfer]\ndirectory = "{tmp_path}/copies"\n'
                       f'[[secondary]]\nzone = "{zone}"\nprimaries = ["127.0.0.1:{theirs.port}"]\n'
                       f'key = "{peers.KEY_NAME}"\n')  # fmt: skip
    with Server(empty, "--settings", config) as ours:
        with theirs.as_primary(zone, zones / f"{zone}.zone", ours.port):
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the first transfer")
            compare(ours, theirs, zone)
            theirs.change()
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 8, "the second")
