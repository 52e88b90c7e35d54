"""A signed zone through a random series of changes: after each it is what was asked for, and sound.

$NEARCAST_SERIES is the first seed, and $NEARCAST_SERIES_STEPS how long each series is: a longer
look, or the same one again.
"""

import os
import random

import dns.exception
import dns.rdatatype as types
import pytest

import peers
import signed_zone
from random_zone import RandomZone
from server import free_port
from signing import ZONE, run, signing_section
from test_nodes import World

SEED = int(os.environ.get("NEARCAST_SERIES", "1"))
STEPS = int(os.environ.get("NEARCAST_SERIES_STEPS", "30"))
CHOICES = [{"nsec3param": each} for each in ("", "1 0 0 -", "1 1 0 -", "1 0 5 ABCD", "1 1 1 00")] + [
    {"keys": "split"}, {"keys": "csk"}, {"algorithm": "ED25519"}, {"algorithm": "ECDSAP256SHA256"},
    {"zonemd": "sha384"}, {"zonemd": None}, {"enabled": False}, {"enabled": True}]


def without_serial(content):
    """Whatever serial there is."""
    return {key: (ttl, [each[:-20] + each[-16:] for each in rdatas] if key[1] == types.SOA
                  else rdatas) for key, (ttl, rdatas) in content.items()}


def exact(records):
    """In an order of its own: that of records in a set is nobody's."""
    return sorted((owner.to_wire(), ttl, kind, rdata.to_wire())
                  for owner, ttl, kind, rdata in records)


class Series:
    def __init__(self, seed, controller, node):
        self.draw = random.Random(seed)
        self.controller, self.node = controller, node
        self.zone = RandomZone(self.draw, ZONE, self.draw.choice((0, 5, 40)))
        self.serial = 0
        self.controller.create(ZONE, nameservers=[], rrsets=self.zone.all_rrsets(), dnssec=True)
        self.said = ["created"]

    def edit(self):
        edits = self.zone.edits()
        answer = self.controller.ask("PATCH", f"/zones/{ZONE}",
                                     {"rrsets": self.zone.rrsets(edits)})
        self.said.append(f"{edits} {answer.status}")
        if edits:
            assert answer.status == 204, (edits, answer.body)
            self.zone.put(edits)

    def choose(self):
        choice = self.draw.choice(CHOICES)
        self.said.append(f"{choice}")
        answer = self.controller.ask("PUT", f"/api/v1/signing/{ZONE}", choice)
        assert answer.status == 200, (choice, answer.body)

    def roll(self):
        role = self.draw.choice(("csk", "ksk", "zsk"))
        answer = self.controller.ask("POST", f"/api/v1/signing/{ZONE}/rollover", {"role": role})
        self.said.append(f"{role} {answer.status}")
        assert answer.status in (200, 409, 422), answer.body

    def kill(self):
        self.said.append("killed")
        self.controller.kill()
        self.controller.start()

    def step(self):
        self.draw.choices((self.edit, self.choose, self.roll, self.kill), (12, 5, 2, 1))[0]()
        peers.wait_until(self.is_as_wanted, f"the zone after {self.said[-1]}", 60)

    def is_as_wanted(self):
        """Every version is sound, and one of them is the one that was asked for."""
        try:
            records = signed_zone.transferred(self.controller.port, ZONE)
        except (OSError, ValueError, EOFError, dns.exception.DNSException):
            return False  # It begins.
        faults = signed_zone.faults_of(records)
        assert not faults, faults[:5]
        serial = records[0][3].serial
        assert serial >= self.serial, "the serial never goes back"
        self.serial = serial
        return (without_serial(signed_zone.content_of(records)) ==
                without_serial(self.zone.content()))

    def node_has_the_same(self):
        """Byte for byte, by whatever IXFR brought it there."""
        try:
            theirs, ours = (signed_zone.transferred(each.port, ZONE)
                            for each in (self.node, self.controller))
        except (OSError, ValueError, EOFError, dns.exception.DNSException):
            return False
        return exact(theirs) == exact(ours)

    def others_verify(self, path):
        records = signed_zone.transferred(self.controller.port, ZONE)
        if not signed_zone.SignedZone(records).is_signed:
            return
        path.write_text("".join(f"{owner} {ttl} IN {types.to_text(kind)} {rdata}\n"
                                for owner, ttl, kind, rdata in records))
        done = run("dnssec-verify", "-q", "-z", "-o", ZONE, path)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("seed", range(SEED, SEED + 2))
def test_each_version_is_sound_and_as_it_was_asked_for(tmp_path, seed):
    world = World(tmp_path)
    with world.controller("", signing_section(free_port())) as controller:
        with world.node() as node:
            series = Series(seed, controller, node)
            try:
                for _ in range(STEPS):
                    series.step()
                peers.wait_until(series.node_has_the_same, "the node's copy", 60)
                series.others_verify(tmp_path / "copy.zone")
            except AssertionError:
                print(f"NEARCAST_SERIES={seed}", *series.said, sep="\n")
                raise
