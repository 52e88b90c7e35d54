"""Changes between servers (IXFR): Nearcast as secondary and as primary of Knot, BIND and NSD."""

import re

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

import peers
from server import Server


def rename_a_host(path):
    """One record goes, one comes, and the serial is raised."""
    text = path.read_text().replace("hostmaster 7 ", "hostmaster 8 ")
    path.write_text(text.replace("host42 A 192.0.2.42\n", "renamed A 192.0.2.42\n"))


def address_of(port, name):
    query = dns.message.make_query(name, "A")
    response = dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
    return [str(record) for rrset in response.answer for record in rrset]


@pytest.mark.parametrize("peer", peers.WITH_CHANGES, ids=lambda peer: peer.program)
def test_a_primarys_changes_come_as_changes(peer, zones, transfers, tmp_path):
    zone = "large.example"
    empty = tmp_path / "none"
    empty.mkdir()
    theirs = peer(tmp_path / "peer")
    config = transfers(f'[transfer]\ndirectory = "{tmp_path / "store"}"\n'
                       f'[[secondary]]\nzone = "{zone}"\nkey = "{peers.KEY_NAME}"\n'
                       f'primaries = ["127.0.0.1:{theirs.port}"]\n')
    with Server(empty, "--settings", config, "--control", tmp_path / "control") as ours:
        with theirs.as_primary(zone, zones / f"{zone}.zone", ours.port):
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the first transfer")
            assert "content=zone" in ours.wait_for_event("secondary_fetched")
            rename_a_host(theirs.zone_file)
            theirs.reload()
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 8,
                             "the transfer after NOTIFY", seconds=40)
            assert "content=changes" in ours.wait_for_event("secondary_fetched")
            assert address_of(ours.port, f"renamed.{zone}") == ["192.0.2.42"]
            assert address_of(ours.port, f"host42.{zone}") == []
            query = dns.message.make_query(f"host42.{zone}", "TXT")
            response = dns.query.udp(query, "127.0.0.1", port=ours.port, timeout=10)
            assert response.rcode() == dns.rcode.NOERROR and response.answer


@pytest.mark.parametrize("peer", peers.ALL, ids=lambda peer: peer.program)
def test_a_secondary_is_sent_the_changes(peer, zones, transfers, tmp_path):
    zone = "large.example"
    theirs = peer(tmp_path / "peer")
    with peers.secondary_of_ours(theirs, zone, zones, transfers) as ours:
        rename_a_host(zones / f"{zone}.zone")
        ours.reload()
        peers.wait_until(lambda: peers.serial_at(theirs.port, zone) == 8,
                         "the transfer after NOTIFY", seconds=40)
        assert address_of(theirs.port, f"renamed.{zone}") == ["192.0.2.42"]
        assert address_of(theirs.port, f"host42.{zone}") == []
        peers.wait_until(lambda: any(" transfer_sent " in line and "content=changes" in line
                                     for line in ours.log), "a transfer of changes alone")


def changes_from(port, zone, serial, tcp):
    """The SOA serials of the answer, in their order, and the number of all its records."""
    query = dns.message.make_query(zone, "IXFR")
    query.authority.append(dns.rrset.from_text(f"{zone}.", 0, "IN", "SOA",
                                               f". . {serial} 0 0 0 0"))
    query.use_edns(payload=1232)
    ask = dns.query.tcp if tcp else dns.query.udp
    response = ask(query, "127.0.0.1", port=port, timeout=10, one_rr_per_rrset=True)
    assert response.rcode() == dns.rcode.NOERROR
    serials = [rrset[0].serial for rrset in response.answer if rrset.rdtype == dns.rdatatype.SOA]
    return serials, len(response.answer)


def test_changes_fit_in_a_datagram_or_come_over_tcp(zones, transfers):
    zone = "large.example"
    config = transfers('[transfer]\nallow = ["127.0.0.1"]\n')
    with Server(zones, "--settings", config) as ours:
        rename_a_host(zones / f"{zone}.zone")
        ours.reload()
        assert changes_from(ours.port, zone, 7, tcp=False) == ([8, 7, 8, 8], 6)
        assert changes_from(ours.port, zone, 7, tcp=True) == ([8, 7, 8, 8], 6)
        assert changes_from(ours.port, zone, 8, tcp=False) == ([8], 1)
        assert changes_from(ours.port, zone, 3, tcp=False) == ([8], 1)


def test_a_zone_that_changes_while_it_is_sent_arrives_as_it_was(zones, transfers):
    """All records of a slow transfer are of the version that it began with."""
    zone = "large.example"
    config = transfers('[transfer]\nallow = ["127.0.0.1"]\n')
    with Server(zones, "--settings", config) as ours:
        path = zones / f"{zone}.zone"
        messages = dns.query.xfr("127.0.0.1", zone, port=ours.port, relativize=False, lifetime=60)
        serials = set()
        hosts = 0
        for number, message in enumerate(messages):
            if number < 3:
                text = re.sub(r"hostmaster \d+ ", f"hostmaster {20 + number} ", path.read_text())
                path.write_text(text.replace(f"host{number} A", f"new{number} A"))
                ours.reload()
            for rrset in message.answer:
                if rrset.rdtype == dns.rdatatype.SOA:
                    serials.add(rrset[0].serial)
                hosts += str(rrset.name).startswith("host") and rrset.rdtype == dns.rdatatype.A
        assert serials == {7}
        assert hosts == 3000
        assert peers.serial_at(ours.port, zone) == 22
