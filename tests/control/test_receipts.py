"""From a change to its receipts: which node serves it since when."""

import time
import urllib.request

import pytest

import peers
from controller import Controller, replace
from nodes import Node, state
from server import free_port
from test_network import make_pop, network_sections
from test_nodes import answers

ZONE = "example.com."


@pytest.fixture
def network(tmp_path, database):
    with Controller(tmp_path / "control", network_sections(), database=database) as controller:
        yield controller


def change_of(answer):
    return answer.headers["x-nearcast-change"]


def receipts(controller, change, query=""):
    answer = controller.ask("GET", f"/api/v1/changes/{change}{query}")
    assert answer.status == 200, answer.body
    return answer.json["receipts"]


def put(controller, address, query=""):
    body = {"rrsets": [replace("www." + ZONE, "A", address)]}
    answer = controller.ask("PATCH", f"/zones/{ZONE}{query}", body)
    assert answer.status == 204, answer.body
    return answer


def test_a_write_may_wait_until_all_serve_it(network, tmp_path):
    network.create()
    with Node(tmp_path / "a", network, "sin") as one, Node(tmp_path / "b", network, "fra") as two:
        answer = put(network, "192.0.2.1", "?wait=all&timeout=60")
        assert answer.headers["x-nearcast-served"] == "yes"
        for node in (one, two):
            assert answers(node.port, "www." + ZONE, "A", "192.0.2.1")()
        told = receipts(network, change_of(answer))
        assert told["served_by_all"]
        assert [pop["pop"] for pop in told["pops"]] == ["fra", "sin"]
        for pop in told["pops"]:
            assert pop["first_served_at"] == pop["served_at"] == pop["nodes"][0]["served_at"]
        for node in (one, two):
            told = state(network, node.name)
            assert (told["state"], told["lag_seconds"]) == ("current", 0)
            assert told["sequence"] >= int(change_of(answer))


def test_a_place_that_is_not_there_is_told_before_anything_is_done(network):
    network.create()
    body = {"rrsets": [replace("www." + ZONE, "A", "192.0.2.1")]}
    answer = network.ask("PATCH", f"/zones/{ZONE}?wait=pop:moon&timeout=60", body)
    assert answer.status == 422 and "'moon'" in answer.error
    assert network.rrset("www." + ZONE, "A") is None
    assert network.ask("GET", "/api/v1/changes/1?wait=pop:moon&timeout=60").status == 422


def test_a_place_without_nodes_is_not_waited_for(network, tmp_path):
    network.create()
    make_pop(network, "empty")
    with Node(tmp_path / "a", network, "sin"):
        before = time.monotonic()
        answer = put(network, "192.0.2.1", "?wait=pop:empty&timeout=60")
        assert answer.headers["x-nearcast-served"] == "unknown"
        assert "x-nearcast-lagging" not in answer.headers
        receipts(network, change_of(answer), "?wait=pop:empty&timeout=60")
        assert time.monotonic() - before < 30


def test_a_node_that_never_came_up_is_named(network, tmp_path):
    network.create()
    node = {"name": "ghost", "pop": "fra", "address": "127.0.0.1:53",
            "pin": "sha256/tZwKQwmI6SBRYKMkggLnBYKB4wVNY7wFAy3amixfjJE="}
    make_pop(network, "fra")
    assert network.ask("POST", "/api/v1/nodes", node).status == 201
    with Node(tmp_path / "a", network, "sin"):
        put(network, "192.0.2.1", "?wait=pop:sin&timeout=60")
        late = put(network, "192.0.2.2", "?wait=all&timeout=0")
        assert late.headers["x-nearcast-served"] == "no"
        assert "ghost" in late.headers["x-nearcast-lagging"].split(", ")
        fra, = (pop for pop in receipts(network, change_of(late))["pops"] if pop["pop"] == "fra")
        assert "nearcast node revoke ghost" in fra["nodes"][0]["reason"]
        assert network.ask("DELETE", "/api/v1/nodes/ghost").status == 204
        assert put(network, "192.0.2.3",
                   "?wait=all&timeout=60").headers["x-nearcast-served"] == "yes"


def test_who_does_not_serve_it_is_told(network, tmp_path):
    network.create()
    with Node(tmp_path / "a", network, "sin"):
        with Node(tmp_path / "b", network, "fra"):
            put(network, "192.0.2.1", "?wait=all&timeout=60")
        answer = put(network, "192.0.2.2", "?wait=pop:sin&timeout=60")
        assert answer.headers["x-nearcast-served"] == "yes"
        change = change_of(answer)
        told = receipts(network, change, "?wait=all&timeout=0")
        assert not told["served_by_all"]
        assert {pop["pop"]: pop["served_at"] is not None for pop in told["pops"]} == {
            "fra": False, "sin": True}
        waited = put(network, "192.0.2.3", "?wait=quorum&timeout=1")
        assert waited.headers["x-nearcast-served"] == "no", "one of two is not more than half"
        assert state(network, "fra1")["lag_seconds"] > 0
        assert network.ask("DELETE", "/api/v1/nodes/fra1").status == 204
        assert receipts(network, change)["served_by_all"], "nobody waits for who is revoked"


def test_what_cannot_be_published_nobody_serves(network, tmp_path):
    network.create()
    with Node(tmp_path / "a", network, "sin") as node:
        put(network, "192.0.2.1", "?wait=all&timeout=60")
        bare = {"rrsets": [replace(ZONE, "NS")]}
        answer = network.ask("PATCH", f"/zones/{ZONE}?wait=all&timeout=60", bare)
        assert answer.headers["x-nearcast-served"] == "no"
        change = change_of(put(network, "192.0.2.2", "?wait=all&timeout=60"))
        assert "no NS record" in network.ask("GET", f"/zones/{ZONE}").json["not_published"]
        told = receipts(network, change)
        assert not told["served_by_all"]
        assert "no NS record" in told["pops"][0]["nodes"][0]["reason"]
        assert answers(node.port, "www." + ZONE, "A", "192.0.2.1")()
        whole = {"rrsets": [replace(ZONE, "NS", "ns9.example.net.")]}
        answer = network.ask("PATCH", f"/zones/{ZONE}?wait=all&timeout=60", whole)
        assert answer.headers["x-nearcast-served"] == "yes"
        assert answers(node.port, "www." + ZONE, "A", "192.0.2.2")()
        assert receipts(network, change)["served_by_all"]
        assert "not_published" not in network.ask("GET", f"/zones/{ZONE}").json


def test_how_long_changes_take_is_measured(tmp_path):
    port = free_port()
    sections = network_sections() + f'[metrics]\nlisten = "127.0.0.1:{port}"\n'
    with Controller(tmp_path / "control", sections) as controller:
        controller.create()
        with Node(tmp_path / "a", controller, "sin"):
            for i in range(1, 4):
                put(controller, f"192.0.2.{i}", "?wait=all&timeout=60")
            text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert float(lines["nearcast_propagation_seconds_count"]) >= 2
    p99 = float(lines['nearcast_propagation_quantile_seconds{quantile="0.99"}'])
    assert 0 < float(lines['nearcast_propagation_quantile_seconds{quantile="0.5"}']) <= p99
    assert float(lines['nearcast_node_lag_seconds{node="sin1",pop="sin"}']) == 0
    assert float(lines['nearcast_node_zones_behind{node="sin1",pop="sin"}']) == 0


def test_receipts_outlive_the_controller(network, tmp_path):
    network.create()
    with Node(tmp_path / "a", network, "sin"):
        change = change_of(put(network, "192.0.2.1", "?wait=all&timeout=60"))
        before = receipts(network, change)
    network.process.terminate()
    assert network.process.wait(60) == 0
    network.start()
    assert receipts(network, change) == before


def test_a_node_that_comes_back_catches_up(network, tmp_path):
    network.create()
    node = Node(tmp_path / "a", network, "sin")
    with node:
        put(network, "192.0.2.1", "?wait=all&timeout=60")
    change = change_of(put(network, "192.0.2.2"))
    assert not receipts(network, change)["served_by_all"]
    with node:
        assert receipts(network, change, "?wait=all&timeout=60")["served_by_all"]


def test_a_revoked_node_gets_nothing_more(network, tmp_path):
    network.create()
    with Node(tmp_path / "a", network, "sin") as node, Node(tmp_path / "b", network, "fra"):
        put(network, "192.0.2.1", "?wait=all&timeout=60")
        assert network.ask("DELETE", f"/api/v1/nodes/{node.name}").status == 204
        put(network, "192.0.2.2", "?wait=pop:fra&timeout=60")
        assert answers(node.port, "www." + ZONE, "A", "192.0.2.1")(), "it has what it had"
    fresh = Node(tmp_path / "c", network, "sin", network.ask(
        "POST", "/api/v1/pops/sin/tokens", {}).json["token"])
    with fresh:
        peers.wait_until(answers(fresh.port, "www." + ZONE, "A", "192.0.2.2"), "the zone", 60)


@pytest.mark.parametrize("query", ["?wait=most", "?wait=all&timeout=61", "?wait=all&timeout=x"])
def test_a_wait_that_is_none_changes_nothing(network, query):
    network.create()
    body = {"rrsets": [replace("www." + ZONE, "A", "192.0.2.1")]}
    assert network.ask("PATCH", f"/zones/{ZONE}{query}", body).status == 400
    assert network.rrset("www." + ZONE, "A") is None
