"""Several controllers on one PostgreSQL: nodes go on with any of them when one dies."""

import contextlib
import re
import shutil
import subprocess
import time

import pytest

import peers
from conftest import new_schema
from controller import Controller
from nodes import Node, state
from server import free_port
from test_network import network_sections
from test_nodes import answers, records_at
from test_receipts import change_of, put, receipts

ZONE = "example.com."
OWN = ("control.toml", "zones", "incoming")  # All else is what controllers share.


class Pair:
    """Two controllers of one database, and what their nodes know of both."""

    def __init__(self, folder):
        self.folder = folder
        self.database = new_schema()
        ports = [free_port(), free_port()]
        primaries = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
        self.controllers = [
            Controller(folder / name, database=self.database, name=name,
                       sections=network_sections(port).replace(f'primaries = ["127.0.0.1:{port}"]',
                                                               f"primaries = [{primaries}]"))
            for name, port in zip(("one", "two"), ports)]
        self._running = contextlib.ExitStack()

    def __enter__(self):
        one, two = self.controllers
        self._running.enter_context(one)
        shutil.copytree(one.folder / "state", two.folder / "state",
                        ignore=shutil.ignore_patterns(*OWN), dirs_exist_ok=True)
        self._running.enter_context(two)
        return one, two

    def __exit__(self, *raised):
        return self._running.__exit__(*raised)


@pytest.fixture
def pair(tmp_path):
    with Pair(tmp_path) as controllers:
        yield controllers


def test_the_other_one_goes_on_when_one_dies(pair, tmp_path):
    one, two = pair
    one.create()
    with Node(tmp_path / "a", one, "sin") as node:
        for i in range(30):  # Versions that the other one makes fewer of.
            put(one, f"192.0.2.{i}", "?wait=all&timeout=60" if i % 10 == 0 else "")
        last = put(one, "192.0.2.100", "?wait=all&timeout=60")
        assert last.headers["x-nearcast-served"] == "yes"
        one.kill()
        for i in (1, 2):
            answer = put(two, f"198.51.100.{i}", "?wait=all&timeout=30")
            assert answer.headers["x-nearcast-served"] == "yes", node.log
            assert answers(node.port, "www." + ZONE, "A", f"198.51.100.{i}")()
            assert receipts(two, change_of(answer))["served_by_all"]
            told = state(two, node.name)
            assert (told["state"], told["lag_seconds"]) == ("current", 0)
        one.start()
        answer = put(one, "203.0.113.1", "?wait=all&timeout=30")
        assert answer.headers["x-nearcast-served"] == "yes", "the first one is back"


def soa_serial(node):
    _, (soa,) = records_at(node.port, ZONE, "SOA")
    return int(soa.split()[2])


def begin_ahead(controller):
    """Killed before it noted what it published, it makes that anew, under a later serial."""
    for i in range(10):
        put(controller, f"192.0.2.{i}", "?wait=all&timeout=60")
        controller.kill()
        controller.start()
        zone = controller.ask("GET", f"/zones/{ZONE}").json
        if zone["edited_serial"] > zone["serial"]:  # The latter is that of the last change.
            return zone["edited_serial"]
    raise AssertionError("it notes what it publishes before it can be killed")


def test_no_serial_is_used_that_the_other_one_served(pair, tmp_path):
    one, two = pair
    one.create()
    with Node(tmp_path / "a", one, "sin") as node:
        serial = begin_ahead(one)
        peers.wait_until(lambda: soa_serial(node) == serial, "the version made anew", 60)
        one.kill()
        answer = put(two, "198.51.100.1", "?wait=all&timeout=30")
        assert answer.headers["x-nearcast-served"] == "yes"
        assert answers(node.port, "www." + ZONE, "A", "198.51.100.1")()
        assert soa_serial(node) == two.ask("GET", f"/zones/{ZONE}").json["serial"] > serial


def set_back(database):
    """Serials of catalogs are what they were long ago: as in a backup."""
    word = dict(re.findall(r"(host|dbname|user|search_path)=([^ ']+)", database))
    text = (f"UPDATE {word['search_path']}.counter SET value = value - 1000 "
            "WHERE name = 'catalog'")
    subprocess.run(["psql", "-q", "-h", word["host"], "-U", word["user"], word["dbname"],
                    "-c", text], check=True)


def test_serials_go_on_when_the_stores_are_lost_and_the_database_is_older(tmp_path):
    pair = Pair(tmp_path)
    with pair as (one, two), Node(tmp_path / "a", one, "sin") as node:
        began = time.time()
        one.create()
        last = put(one, "192.0.2.1", "?wait=all&timeout=60")
        for controller in (one, two):
            controller.kill()
            shutil.rmtree(controller.folder / "state/zones")
        set_back(pair.database)
        # So many changes have not come in so few seconds, elsewhere.
        peers.wait_until(lambda: time.time() > began + int(change_of(last)) + 3, "that", 60)
        one.start()
        two.start()
        answer = put(one, "192.0.2.2", "?wait=all&timeout=30")
        assert answer.headers["x-nearcast-served"] == "yes"
        assert answers(node.port, "www." + ZONE, "A", "192.0.2.2")()
