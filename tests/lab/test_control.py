"""Zones come from the lab's controller: a change is everywhere, and places come and go."""

import json
import os
import subprocess


def nearcast(lab, *words, **more):
    done = subprocess.run([lab.program, *words, "--context", "lab"], text=True, timeout=120,
                          capture_output=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def namespaces():
    return subprocess.check_output(["ip", "netns"], text=True).split()


def test_a_change_is_served_in_every_city(lab):
    nearcast(lab, "record", "set", "example.org", "moment", "A", "60", "192.0.2.77", "--wait", "all")
    for city in lab.catchment():
        answer = lab.read("dig", city, "moment.example.org", "A")
        assert "192.0.2.77" in answer["answer"][0], city
    nearcast(lab, "record", "delete", "example.org", "moment", "A", "--wait", "all")
    assert lab.read("dig", "tokyo", "moment.example.org", "A")["rcode"] == "NXDOMAIN"


def test_the_lab_is_meant_when_no_other_network_is_known(lab, tmp_path):
    own = os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run([lab.program, "node", "list", "--json"], text=True, capture_output=True,
                          env=own, check=True)
    assert {node["pop"] for node in json.loads(done.stdout)} == {p["pop"] for p in lab.pops()}


def test_a_place_is_added_and_taken_away(lab):
    added = lab.read("add-pop", "Tokyo")
    try:
        assert added["pop"] == "p-tokyo"
        assert added["seconds"] < 20
        assert sum(city["lost"] for city in added["cities"]) == 0
        assert lab.state("p-tokyo") == "announced"
        assert lab.catchment()["tokyo"] == "p-tokyo"
        nodes = {node["name"]: node for node in json.loads(nearcast(lab, "node", "list", "--json"))}
        assert nodes["p-tokyo1"]["state"] == "current"
        again = lab.try_run("add-pop", "Tokyo", "--name", "p-tokyo")
        assert again.returncode == 1 and "two routers are named p-tokyo" in again.stderr
        effect = lab.effect("kill", "p-tokyo")
        assert effect["tokyo"]["after"] == "sin"
        lab.run("heal", "p-tokyo")
    finally:
        removed = lab.read("remove-pop", "p-tokyo")
    assert sum(city["lost"] for city in removed["cities"]) == 0
    assert lab.catchment()["tokyo"] == "sin"
    assert "nclab-p-tokyo" not in namespaces()
    assert "p-tokyo" not in nearcast(lab, "node", "list") + nearcast(lab, "pop", "list")
    links = subprocess.check_output(["ip", "-n", "nclab-control", "-o", "link"], text=True)
    assert "to-sin" in links and "to-p-tokyo" not in links


def test_a_city_that_is_not_known_changes_nothing(lab):
    refused = lab.try_run("add-pop", "Atlantis")
    assert refused.returncode == 1 and "list of cities" in refused.stderr
    assert len(lab.pops()) == 5
