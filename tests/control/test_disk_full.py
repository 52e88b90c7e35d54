"""A disk without room: what cannot be kept is refused, and everything else goes on."""

import contextlib
import ctypes
import os
import subprocess

import pytest

import peers
from conftest import new_schema
from controller import replace
from test_nodes import ZONE, World, answers

CLONE_NEWNS = 0x00020000
DISK_SIZE = 8 << 20
CONTENT = '"' + "x" * 200 + '"'
WRITES_MAX = 2000  # Until one is refused: what is free inside the database's files takes some.

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")


class Disk:
    """A small disk at this place, which nobody else sees, and which ends with this process."""

    def __init__(self, place):
        self.place = place
        self.ballast = place / "ballast"
        place.mkdir(parents=True)

    def __enter__(self):
        assert ctypes.CDLL(None).unshare(CLONE_NEWNS) == 0
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "none", self.place],
                       check=True)
        return self

    def __exit__(self, *reason):
        subprocess.run(["umount", "--lazy", self.place], check=True)

    def fill(self):
        with self.ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 4096) == 4096:
                pass

    def free(self):
        self.ballast.unlink()


class Writer:
    """Writes one record after the other, and knows which were acknowledged."""

    def __init__(self, controller):
        self.controller = controller
        self.acknowledged, self.refused = [], []

    def write(self):
        number = len(self.acknowledged) + len(self.refused)
        answer = self.controller.patch(replace(f"w{number}.{ZONE}", "TXT", CONTENT))
        (self.acknowledged if answer.status == 204 else self.refused).append(number)
        return answer

    def write_until_refused(self):
        for _ in range(WRITES_MAX):
            answer = self.write()
            if answer.status != 204:
                return answer
        raise AssertionError("a full disk takes everything")

    def last(self):
        """The name that was acknowledged last."""
        return f"w{self.acknowledged[-1]}.{ZONE}"

    def wait_for_last(self, port, what):
        peers.wait_until(answers(port, self.last(), "TXT", CONTENT), what, 60)

    def check(self):
        there = {rrset["name"] for rrset in
                 self.controller.ask("GET", f"/zones/{ZONE}").json["rrsets"]}
        assert {f"w{number}.{ZONE}" for number in self.acknowledged} <= there
        assert not {f"w{number}.{ZONE}" for number in self.refused} & there


def test_the_embedded_database_refuses_what_it_cannot_keep(tmp_path):
    world = World(tmp_path)
    with Disk(tmp_path / "control" / "state") as disk:
        with world.controller() as controller, world.node() as node:
            controller.create()
            writer = Writer(controller)
            writer.write()
            writer.wait_for_last(node.port, "the first")
            disk.fill()
            refused = writer.write_until_refused()
            assert refused.status == 503 and "full" in refused.error, refused.body
            for _ in range(5):
                assert writer.write().status in (204, 503)
            writer.check()
            # Who only asks is answered, and so are nodes and whoever has the zone from here.
            assert controller.ask("GET", "/zones").status == 200
            assert answers(node.port, ZONE, "NS", "ns1.example.net.")()
            writer.wait_for_last(node.port, "the last that was acknowledged")
            records = peers.transfer(controller.port, ZONE)
            assert any(line.startswith(writer.last()) for line in records)
            disk.free()
            peers.wait_until(lambda: writer.write().status == 204, "room is there again", 60)
            writer.check()
            writer.wait_for_last(node.port, "what came afterwards")
            controller.kill()
            controller.start()
            writer.check()
            assert writer.write().status == 204
            assert controller.ask("GET", "/api/v1/audit/verdict").json["broken_at"] is None


def test_a_database_elsewhere_takes_changes_that_are_served_from_memory(tmp_path):
    world = World(tmp_path)
    with Disk(tmp_path / "control" / "state") as disk:
        with world.controller(new_schema()) as controller, world.node() as node:
            controller.create()
            writer = Writer(controller)
            writer.write()
            writer.wait_for_last(node.port, "the first")
            disk.fill()
            for _ in range(WRITES_MAX // 10):
                assert writer.write().status == 204
            controller.wait_for_event("store_failing")
            assert writer.write().status == 204
            writer.wait_for_last(node.port, "what is not stored here")
            disk.free()
            controller.wait_for_event("store_works_again")
            controller.kill()
            controller.start()
            writer.check()
            writer.wait_for_last(controller.port, "it after a kill")
