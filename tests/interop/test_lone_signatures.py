"""Signatures over what is not there (yet, or any more): kept, sent and answered as any record is."""

import dns.message
import dns.query
import dns.rdatatype

import peers
from server import Server
from test_update import BY_KEY, ZONE, update

SIGNATURE = ("RRSIG A 13 3 60 20380119031408 20040110133704 5 odd.example. "
             + "eHh4" * 21 + "eA==")
# The signature has another TTL than what it covers; the digest is the one that Knot makes.
ODD_TTL = f"""zmf. 3600 SOA ns. h. 5 3600 900 604800 300
zmf. 3600 NS ns.
zmf. 3600 ZONEMD 5 1 1 (25351cd04942837e212470c7d3a833dd29bf111b8c94e7e6
  fc1f9bb1d60743645ed17625b6daec3b5307570677a85be8)
www.zmf. 3600 A 1.2.3.4
www.zmf. 60 RRSIG A 13 2 60 20380119031408 20040110133704 5 zmf. {"eHh4" * 22}eA==
"""


def ttls_of(lines, name):
    """TTL and type of each record of the name."""
    return [line.split()[1:3] for line in lines if line.split()[0] == name]


def has_answer(port, name):
    query = dns.message.make_query(name, "RRSIG")
    response = dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
    return any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in response.answer)


def secondary(transfers, zone, port):
    return transfers('[transfer]\nallow = ["127.0.0.1"]\n'
                     f'[[secondary]]\nzone = "{zone}"\nkey = "{peers.KEY_NAME}"\n'
                     f'primaries = ["127.0.0.1:{port}"]\n')


def test_updates_leave_a_secondary_with_the_same_records(zones, transfers, tmp_path):
    """Each step goes to Knot as a change; its zone is then the one that we send whole."""
    name = f"new.{ZONE}"
    steps = [([f"update add {name} 60 {SIGNATURE}"], [["60", "RRSIG"]]),
             ([f"update add {name} 60 A 192.0.2.7"], [["60", "A"], ["60", "RRSIG"]]),
             ([f"update add {name} 90 A 192.0.2.7"], [["60", "RRSIG"], ["90", "A"]]),
             ([f"update delete {name} A"], [["60", "RRSIG"]]),
             ([f"update delete {name} {SIGNATURE}"], [])]
    theirs = peers.Knot(tmp_path / "peer")
    config = transfers(f'{BY_KEY}[transfer]\nallow = ["key:{peers.KEY_NAME}"]\n'
                       f'notify = ["127.0.0.1:{theirs.port}"]\n')
    with Server(zones, "--settings", config) as ours, theirs.as_secondary(ZONE, ours.port):
        peers.wait_until(lambda: peers.serial_at(theirs.port, ZONE) == 7, "the first transfer")
        for serial, (lines, expected) in enumerate(steps, 8):
            status, text = update("nsupdate", ours.port, lines)
            assert status == 0, text
            peers.wait_until(lambda: peers.serial_at(theirs.port, ZONE) == serial,
                             "the transfer after NOTIFY", seconds=25)
            whole = peers.transfer(ours.port, ZONE)
            assert ttls_of(whole, f"{name}.") == expected
            assert whole == peers.transfer(theirs.port, ZONE)
            assert has_answer(ours.port, name) == (len(expected) > 0)


def test_a_signature_may_come_before_what_it_covers(zones, transfers, tmp_path):
    name = f"early.{ZONE}"
    path = zones / f"{ZONE}.zone"
    path.write_text(path.read_text() + f"early 60 {SIGNATURE}\n")
    empty = tmp_path / "none"
    empty.mkdir()
    theirs = peers.Knot(tmp_path / "peer")
    with Server(empty, "--settings", secondary(transfers, ZONE, theirs.port)) as ours:
        with theirs.as_primary(ZONE, path, ours.port):
            peers.wait_until(lambda: peers.serial_at(ours.port, ZONE) == 7, "the first transfer")
            assert peers.transfer(ours.port, ZONE, key=False) == peers.transfer(theirs.port, ZONE)
            assert has_answer(ours.port, name)
            theirs.zone_file.write_text(theirs.zone_file.read_text() + "early 60 A 192.0.2.7\n")
            theirs.change()
            peers.wait_until(lambda: peers.serial_at(ours.port, ZONE) == 8,
                             "the transfer after NOTIFY", seconds=40)
            while "content=changes" not in ours.wait_for_event("secondary_fetched"):
                pass
            whole = peers.transfer(ours.port, ZONE, key=False)
            assert ttls_of(whole, f"{name}.") == [["60", "A"], ["60", "RRSIG"]]
            assert whole == peers.transfer(theirs.port, ZONE)


def test_a_digest_over_a_signature_with_another_ttl_fits(transfers, tmp_path):
    """RFC 8976, section 3.3.1: records are digested as they are."""
    path = tmp_path / "zmf.zone"
    path.write_text(ODD_TTL)
    empty = tmp_path / "none"
    empty.mkdir()
    theirs = peers.Knot(tmp_path / "peer")
    with Server(empty, "--settings", secondary(transfers, "zmf", theirs.port)) as ours:
        with theirs.as_primary("zmf", path, ours.port):
            peers.wait_until(lambda: peers.serial_at(ours.port, "zmf") == 5, "the transfer")
            whole = peers.transfer(ours.port, "zmf", key=False)
            assert ttls_of(whole, "www.zmf.") == [["3600", "A"], ["60", "RRSIG"]]
            assert whole == peers.transfer(theirs.port, "zmf")
