"""EXPIRE carried through (RFC 7314): a secondary of a secondary gives a zone up no later than it."""

import time

import dns.edns
import dns.message
import dns.query
import dns.rcode

import peers
from server import START_LIMIT, Server

ZONE = "short.example"
EXPIRE = 14
ALLOW = '[transfer]\nallow = ["127.0.0.1"]\n'


def expire_at(port, zone=ZONE):
    """The seconds that the server says it has left; None when it does not say."""
    query = dns.message.make_query(zone, "SOA", use_edns=0, payload=1232,
                                   options=[dns.edns.GenericOption(9, b"")])
    response = dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
    return next((int.from_bytes(option.data, "big") for option in response.options
                 if option.otype == 9), None)


def is_servfail(port):
    query = dns.message.make_query(ZONE, "SOA")
    return dns.query.udp(query, "127.0.0.1", port=port, timeout=10).rcode() == dns.rcode.SERVFAIL


def secondary_of(port, folder):
    path = folder / "transfers.toml"
    path.write_text(f'[transfer]\nallow = ["127.0.0.1"]\ndirectory = "{folder}"\n'
                    f'[[secondary]]\nzone = "{ZONE}"\nprimaries = ["127.0.0.1:{port}"]\n')
    return path


def test_a_primary_tells_what_its_soa_says(zones, transfers):
    with Server(zones, "--settings", transfers(ALLOW)) as ours:
        assert expire_at(ours.port, "odd.example") == 3600
    with Server(zones) as ours:
        assert expire_at(ours.port, "odd.example") is None


def test_a_chain_of_secondaries_expires_together(zones, transfers, tmp_path):
    (zones / f"{ZONE}.zone").write_text(
        f"$TTL 300\n@ SOA ns1 hostmaster 7 1 1 {EXPIRE} 60\n@ NS ns1\nns1 A 192.0.2.1\n")
    folders = [tmp_path / name for name in ("none", "first", "second")]
    for folder in folders:
        folder.mkdir()
    empty, first_folder, second_folder = folders
    with Server(zones, "--settings", transfers(ALLOW)) as primary:
        with Server(empty, "--settings", secondary_of(primary.port, first_folder)) as first:
            peers.wait_until(lambda: peers.serial_at(first.port, ZONE) == 7, "the transfer")
            primary.process.terminate()
            primary.process.wait(START_LIMIT)
            gone_at = time.monotonic()
            peers.wait_until(lambda: expire_at(first.port) <= EXPIRE // 2, "the half of the time")
            config = secondary_of(first.port, second_folder)
            with Server(empty, "--settings", config) as second:
                peers.wait_until(lambda: peers.serial_at(second.port, ZONE) == 7, "the transfer")
                assert expire_at(second.port) <= EXPIRE // 2
                peers.wait_until(lambda: is_servfail(second.port), "the end of the zone")
                # Counted from its own transfer it would have been half as long again.
                assert time.monotonic() - gone_at < EXPIRE * 1.4
                peers.wait_until(lambda: is_servfail(first.port), "the end of its primary's")
