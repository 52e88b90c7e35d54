"""A controller whose clock is wrong: nothing is lost, nodes go on answering, and it all comes right."""

import os
import pathlib
import subprocess
import time

import dns.message
import dns.query
import dns.rdatatype

import peers
from controller import replace
from test_nodes import ZONE, World, answers

SIGNED = "signed.example."
DAY = 86400


class Clock:
    """What a program reads the time of day from, as long as it has this environment."""

    def __init__(self, folder):
        folder.mkdir()
        library, self.file = folder / "set_clock.so", folder / "clock"
        source = pathlib.Path(__file__).with_name("set_clock.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
        self.file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self.file),
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                            ":verify_asan_link_order=0"}

    def set(self, days):
        with self.file.open("r+b") as file:
            file.write((days * DAY).to_bytes(8, "little", signed=True))


def holds_by(port, days):
    """Whether the zone's signatures hold by a clock that is set so."""
    query = dns.message.make_query(SIGNED, "NS", want_dnssec=True)
    response = dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
    signatures = [record for rrset in response.answer for record in rrset
                  if rrset.rdtype == dns.rdatatype.RRSIG]
    now = time.time() + days * DAY
    return bool(signatures) and all(each.inception <= now < each.expiration for each in signatures)


def is_later(serial, than):
    return 0 < (serial - than) % 2**32 < 2**31


def test_a_clock_that_is_set_loses_nothing(tmp_path, database):
    world = World(tmp_path)
    clock = Clock(tmp_path / "clock")
    controller = world.controller(database)
    controller.environment = clock.environment
    serials = {ZONE: [0], SIGNED: [0]}
    with controller, world.node() as node:
        controller.create(ZONE)
        controller.create(SIGNED, dnssec=True)
        peers.wait_until(answers(node.port, SIGNED, "NS", "ns1.example.net."), "the zones", 60)
        for number, days in enumerate((0, 40, -40, 0)):
            clock.set(days)
            for zone in serials:
                changed = controller.patch(replace(f"w.{zone}", "TXT", f'"{number}"'), zone=zone)
                assert changed.status == 204, changed.body
                peers.wait_until(answers(controller.port, f"w.{zone}", "TXT", f'"{number}"'),
                                 "the change", 60)
                serials[zone].append(peers.serial_at(controller.port, zone))
                assert is_later(serials[zone][-1], serials[zone][-2])
                assert answers(node.port, zone, "NS", "ns1.example.net.")()
            peers.wait_until(lambda days=days: holds_by(controller.port, days), "signatures", 90)
        for zone in serials:
            peers.wait_until(answers(node.port, f"w.{zone}", "TXT", '"3"'), "it at the node", 60)
        peers.wait_until(lambda: holds_by(node.port, 0), "what holds at the node", 60)
        told = controller.ask("GET", f"/api/v1/changes?zone={ZONE}").json
        assert [each["kind"] for each in told] == ["records"] * 4 + ["create"]
        assert controller.ask("GET", "/api/v1/audit/verdict").json["broken_at"] is None
        clock.set(-40)
        controller.kill()
        controller.start()
        for zone in serials:
            assert answers(controller.port, f"w.{zone}", "TXT", '"3"')()
