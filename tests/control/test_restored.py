"""A controller that a backup was put back for: its nodes go back with it, and say so."""

import contextlib
import re
import shutil
import sqlite3
import subprocess
import time

import dns.rcode
import pytest

import peers
from controller import Controller, delete, replace
from nodes import Node, state
from test_controllers import Pair
from test_network import network_sections
from test_nodes import answers, records_at
from test_receipts import change_of, put, receipts

ZONE = "example.com."
OTHER = "example.net."


def copy_database(source, target):
    """As `sqlite3 control.db ".backup copy.db"` does."""
    with contextlib.closing(sqlite3.connect(source)) as one:
        with contextlib.closing(sqlite3.connect(target)) as two:
            one.backup(two)


@pytest.fixture(autouse=True)
def one_day():
    """Serials are of the day: at midnight a restored controller would be ahead."""
    left = 86_400 - time.time() % 86_400
    if left < 180:
        time.sleep(left)


class World:
    """A controller with a node, and a backup of both zones from when `www` was 192.0.2.1."""

    def __init__(self, folder, controller):
        self.folder = folder
        self.controller = controller
        self.state = controller.folder / "state"

    def back_up(self):
        copy_database(self.state / "control.db", self.folder / "control.db")
        shutil.copytree(self.state / "zones", self.folder / "zones")

    def put_back(self, store):
        """The controller has stopped. `store`: what became of its folder of served zones."""
        for file in self.state.glob("control.db*"):
            file.unlink()
        shutil.copy(self.folder / "control.db", self.state / "control.db")
        if store == "kept":
            return
        shutil.rmtree(self.state / "zones")
        if store == "older":
            shutil.copytree(self.folder / "zones", self.state / "zones")


@pytest.fixture
def world(tmp_path):
    with Controller(tmp_path / "control", network_sections()) as controller:
        yield World(tmp_path, controller)


def served(node, name):
    return records_at(node.port, name, "A")


def serial_at(node):
    _, (soa,) = records_at(node.port, ZONE, "SOA")
    return int(soa.split()[2])


def change_much(controller):
    """What the restored controller does not know of any more."""
    for i in range(2, 12):
        put(controller, f"192.0.2.{i}")
    controller.patch(replace("lost." + ZONE, "A", "192.0.2.99"))
    controller.create("later.example.")
    controller.ask("DELETE", f"/zones/{OTHER}")
    return put(controller, "192.0.2.200", "?wait=all&timeout=60")


@pytest.mark.parametrize("store", ["kept", "lost", "older"])
def test_a_node_goes_back_with_its_controller(world, tmp_path, store):
    controller = world.controller
    controller.create()
    controller.create(OTHER)
    with Node(tmp_path / "a", controller, "sin") as node:
        put(controller, "192.0.2.1", "?wait=all&timeout=60")
        world.back_up()
        assert change_much(controller).headers["x-nearcast-served"] == "yes"
        assert served(node, "lost." + ZONE) == (dns.rcode.NOERROR, ["192.0.2.99"])
        before = serial_at(node)
        controller.__exit__(None, None, None)
        world.put_back(store)
        controller.start()
        body = {"rrsets": [replace("new." + ZONE, "A", "198.51.100.1")]}
        answer = controller.ask("PATCH", f"/zones/{ZONE}?wait=all&timeout=60", body)
        assert answer.headers["x-nearcast-served"] == "yes", "\n".join(node.log)
        assert receipts(controller, change_of(answer))["served_by_all"]

        def expect_restored():
            assert served(node, "www." + ZONE) == (dns.rcode.NOERROR, ["192.0.2.1"])
            assert served(node, "new." + ZONE) == (dns.rcode.NOERROR, ["198.51.100.1"])
            assert served(node, "lost." + ZONE)[0] == dns.rcode.NXDOMAIN
            assert records_at(node.port, OTHER, "NS")[0] == dns.rcode.NOERROR
            assert records_at(node.port, "later.example.", "NS")[0] == dns.rcode.REFUSED
            assert serial_at(node) == controller.ask("GET", f"/zones/{ZONE}").json["edited_serial"]

        peers.wait_until(answers(node.port, OTHER, "NS", "ns1.example.net."), "the zone", 60)
        expect_restored()
        told = state(controller, node.name)
        assert (told["state"], told["lag_seconds"]) == ("current", 0)
        assert told["sequence"] >= int(change_of(answer)) and told["zones_behind"] == []
        assert told in controller.ask("GET", "/api/v1/nodes").json, "as nearcast node list has it"
        back = [line for line in node.log
                if "secondary_went_back" in line and f"zone={ZONE}" in line]
        if store == "kept":  # What was served is known, and passed.
            assert not back and serial_at(node) > before
        else:
            (line,) = back
            assert f"instead_of={before}" in line and serial_at(node) < before
        last = serial_at(node)
        node.kill()
        controller.kill()  # Nobody is there to ask.
        with node.again() as node:
            peers.wait_until(answers(node.port, "www." + ZONE, "A", "192.0.2.1"), "its start", 60)
            assert serial_at(node) == last
            controller.start()
            answer = put(controller, "192.0.2.3", "?wait=all&timeout=60")
            assert answer.headers["x-nearcast-served"] == "yes", "\n".join(node.log)
            assert served(node, "www." + ZONE) == (dns.rcode.NOERROR, ["192.0.2.3"])


class Schema:
    """The tables that a connection to PostgreSQL means: a backup of them, and the way back."""

    def __init__(self, connection):
        words = dict(re.findall(r"(host|dbname|user|search_path)=([^ ']+)", connection))
        self.name = words["search_path"]
        self.place = ["-h", words["host"], "-U", words["user"], words["dbname"]]

    def back_up(self, path):
        subprocess.run(["pg_dump", "-n", self.name, "-f", path, *self.place], check=True)

    def put_back(self, path):
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", *self.place,
                        "-c", f"DROP SCHEMA {self.name} CASCADE", "-f", path],
                       check=True, capture_output=True)


@pytest.mark.parametrize("store", ["kept", "lost"])
def test_a_node_goes_back_with_all_controllers_of_a_database(tmp_path, store):
    pair = Pair(tmp_path)
    schema = Schema(pair.database)
    with pair as (one, two), Node(tmp_path / "a", one, "sin") as node:
        one.create()
        one.create(OTHER)
        put(one, "192.0.2.1", "?wait=all&timeout=60")
        schema.back_up(tmp_path / "backup.sql")
        assert change_much(two).headers["x-nearcast-served"] == "yes"
        assert served(node, "lost." + ZONE) == (dns.rcode.NOERROR, ["192.0.2.99"])
        before = serial_at(node)
        for each in (one, two):
            each.__exit__(None, None, None)
        schema.put_back(tmp_path / "backup.sql")
        for each in (one, two):
            if store == "lost":
                shutil.rmtree(each.folder / "state/zones")
            each.start()
        body = {"rrsets": [replace("new." + ZONE, "A", "198.51.100.1")]}
        answer = two.ask("PATCH", f"/zones/{ZONE}?wait=all&timeout=60", body)
        assert answer.headers["x-nearcast-served"] == "yes", "\n".join(node.log)
        peers.wait_until(answers(node.port, OTHER, "NS", "ns1.example.net."), "the zone", 60)
        assert served(node, "www." + ZONE) == (dns.rcode.NOERROR, ["192.0.2.1"])
        assert served(node, "new." + ZONE) == (dns.rcode.NOERROR, ["198.51.100.1"])
        assert served(node, "lost." + ZONE)[0] == dns.rcode.NXDOMAIN
        assert records_at(node.port, "later.example.", "NS")[0] == dns.rcode.REFUSED
        assert (serial_at(node) > before) == (store == "kept")
        for each in (one, two):
            assert receipts(each, change_of(answer))["served_by_all"]
        told = state(one, node.name)  # To whom it reports, as long as that one is there.
        assert (told["state"], told["zones_behind"]) == ("current", [])
        one.kill()
        for i in (1, 2):
            answer = put(two, f"203.0.113.{i}", "?wait=all&timeout=60")
            assert answer.headers["x-nearcast-served"] == "yes", "\n".join(node.log)
            assert served(node, "www." + ZONE) == (dns.rcode.NOERROR, [f"203.0.113.{i}"])


def test_a_node_that_was_away_learns_of_zones_that_came_instead_of_others(world, tmp_path):
    controller = world.controller
    controller.create()
    with Node(tmp_path / "a", controller, "sin") as node:
        put(controller, "192.0.2.1", "?wait=all&timeout=60")
        world.back_up()
        controller.create("lost.example.")
        peers.wait_until(answers(node.port, "lost.example.", "NS", "ns1.example.net."), "it", 60)
        catalog = state(controller, node.name)["serial"]
        node.kill()
        controller.__exit__(None, None, None)
        world.put_back("older")
        # So many versions have not come in so few seconds, elsewhere.
        peers.wait_until(lambda: time.time() > catalog + 2, "a later second", 60)
        controller.start()
        controller.create("came.example.")  # One more, as before.
        with node.again() as node:
            peers.wait_until(answers(node.port, "came.example.", "NS", "ns1.example.net."), "it",
                             60)
            peers.wait_until(lambda: records_at(node.port, "lost.example.", "NS")[0]
                             == dns.rcode.REFUSED, "the end of the other", 20)
