"""Nearcast as the primary of Knot, BIND and NSD, and of whoever asks by hand."""

import socket
import struct
import subprocess

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.xfr
import pytest

import peers
from server import Server

ALLOW_KEY = f'[transfer]\nallow = ["key:{peers.KEY_NAME}"]\n'


@pytest.mark.parametrize("peer", peers.ALL, ids=lambda peer: peer.program)
@pytest.mark.parametrize("zone", ["odd.example", "large.example"])
def test_a_secondary_gets_the_same_zone(peer, zone, zones, transfers, tmp_path):
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as ours:
        theirs = peer(tmp_path / "peer").as_secondary(zone, ours.port)
        with theirs:
            peers.wait_until(lambda: peers.serial_at(theirs.port, zone) == 7,
                             f"the transfer of {zone} to {peer.program}")
            for name in ["", "mail.", "host7.", "www.tree.", "odd\\.dot."]:
                for kind in ["MX", "A", "TXT", "DNAME"]:
                    query = dns.message.make_query(name + zone, kind)
                    answers = [dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
                               for port in (ours.port, theirs.port)]
                    assert answers[0].rcode() == answers[1].rcode(), (name, kind)
                    ours_and_theirs = [sorted(map(str, each.answer)) for each in answers]
                    assert ours_and_theirs[0] == ours_and_theirs[1], (name, kind)


def test_dig_and_kdig_take_a_signed_transfer(zones, transfers):
    key = f"hmac-sha256:{peers.KEY_NAME}:{peers.SECRET}"
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as ours:
        for command in (["dig", "+noall", "+answer"], ["kdig", "+noall", "+answer"]):
            done = subprocess.run(
                [*command, "@127.0.0.1", "-p", str(ours.port), "-y", key, "large.example", "AXFR"],
                capture_output=True, text=True, timeout=60, check=True)
            records = [line for line in done.stdout.splitlines()
                       if " IN " in line.replace("\t", " ")]
            assert len(records) == 6004, done.stdout[-2000:]


def test_dnspython_agrees_with_the_zone_file(zones, transfers):
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as ours:
        lines = peers.transfer(ours.port, "odd.example")
    file = dns.zone.from_file(str(zones / "odd.example.zone"), "odd.example.", relativize=False)
    expected = sorted(f"{str(name).lower()} {ttl} {dns.rdatatype.to_text(data.rdtype)} "
                      f"{str(data).lower()}" for name, ttl, data in file.iterate_rdatas())
    assert lines == expected


def test_who_is_not_allowed_is_refused(zones, transfers):
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as ours:
        with pytest.raises(dns.xfr.TransferError, match="REFUSED"):
            peers.transfer(ours.port, "odd.example", key=False)
    with Server(zones) as ours:
        with pytest.raises(dns.xfr.TransferError, match="REFUSED"):
            peers.transfer(ours.port, "odd.example", key=False)


def test_an_address_may_be_enough_and_a_zone_may_differ(zones, transfers):
    config = transfers('[transfer]\nallow = ["127.0.0.0/8"]\n'
                       f'[[transfer.zone]]\nzone = "odd.example"\n'
                       f'allow = ["127.0.0.1 key:{peers.KEY_NAME}"]\n')
    with Server(zones, "--settings", config) as ours:
        assert len(peers.transfer(ours.port, "large.example", key=False)) == 6003
        with pytest.raises(dns.xfr.TransferError, match="REFUSED"):
            peers.transfer(ours.port, "odd.example", key=False)
        assert peers.transfer(ours.port, "odd.example")


def test_questions_are_answered_signed_over_both_transports(zones, transfers):
    """As the rfc2136 plugin of certbot asks: a signed SOA question over TCP."""
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as ours:
        for ask in (dns.query.udp, dns.query.tcp):
            query = dns.message.make_query("odd.example", "SOA")
            query.use_tsig(peers.KEYRING, algorithm=dns.tsig.HMAC_SHA256)
            response = ask(query, "127.0.0.1", port=ours.port, timeout=10)
            assert response.had_tsig
            assert response.answer[0][0].serial == 7


def test_a_wrong_key_is_told(zones, transfers):
    with Server(zones, "--settings", transfers(ALLOW_KEY)) as ours:
        for name, error in ((peers.KEY_NAME, dns.tsig.PeerBadSignature),
                            ("stranger.example", dns.tsig.PeerBadKey)):
            query = dns.message.make_query("odd.example", "SOA")
            query.use_tsig(dns.tsigkeyring.from_text({name: "d3Jvbmc="}),
                           algorithm=dns.tsig.HMAC_SHA256)
            with pytest.raises(error):
                dns.query.tcp(query, "127.0.0.1", port=ours.port, timeout=10)


def test_questions_behind_a_transfer_are_answered_on_the_same_connection(zones, transfers):
    with Server(zones, "--settings", transfers('[transfer]\nallow = ["127.0.0.1"]\n')) as ours:
        with socket.create_connection(("127.0.0.1", ours.port), timeout=20) as link:
            kinds = ("SOA", "AXFR", "SOA", "NS", "AXFR", "A")
            queries = [dns.message.make_query("large.example", kind) for kind in kinds]
            for number, query in enumerate(queries):
                query.id = number
                wire = query.to_wire()
                link.sendall(struct.pack("!H", len(wire)) + wire)
            counts = dict.fromkeys(range(len(queries)), 0)
            soas = 0
            stream = link.makefile("rb")
            # In whatever order: each transfer has its SOA twice, each other question an answer.
            while soas < 4 or 0 in counts.values():
                size, = struct.unpack("!H", stream.read(2))
                message = dns.message.from_wire(stream.read(size), one_rr_per_rrset=True)
                assert message.rcode() == dns.rcode.NOERROR
                is_transfer = kinds[message.id] == "AXFR"
                counts[message.id] += 1 + len(message.answer) * is_transfer
                soas += is_transfer * sum(
                    rrset.rdtype == dns.rdatatype.SOA for rrset in message.answer)
            assert counts[0] == counts[2] == counts[3] == counts[5] == 1
            assert counts[1] == counts[4] > 6004
