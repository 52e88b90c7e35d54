"""A lab comes up, every city finds the PoP nearest to it, and a second `up` does no harm."""

import subprocess


def test_every_city_is_answered_by_the_nearest_pop(lab):
    rows = lab.read("catchment")
    assert len(rows) == 12
    assert all(row["pop"] == row["nearest_pop"] for row in rows), rows
    assert lab.catchment()["tokyo"] == "sin"
    assert lab.catchment()["london"] == "fra"


def test_ipv6_finds_the_same_way(lab):
    rows = lab.read("catchment", "--ipv6")
    assert {row["city"]: row["pop"] for row in rows} == lab.catchment()


def test_a_round_trip_is_as_long_as_the_way(lab):
    for row in lab.read("catchment"):
        fastest = 2 * row["distance_km"] / 200
        assert fastest < row["rtt_ms"] < 4 * fastest + 60, row


def test_a_question_from_tokyo_is_answered_in_full(lab):
    answer = lab.read("dig", "tokyo", "www.example.org", "A")
    assert answer["pop"] == "sin"
    assert answer["rcode"] == "NOERROR"
    assert "192.0.2.80" in answer["answer"][0]
    assert "answered by Singapore" in lab.run("dig", "Tokyo", "www.example.org")


def test_a_second_up_is_refused_and_changes_nothing(lab):
    refused = lab.try_run("up")
    assert refused.returncode == 1
    assert "is up already" in refused.stderr
    assert None not in lab.catchment().values()


def test_a_wrong_name_is_answered_with_the_right_ones(lab):
    wrong = lab.try_run("kill", "atlantis")
    assert wrong.returncode == 1
    assert "fra, nyc, gru, sin, syd" in wrong.stderr


def test_it_leaves_the_machines_own_network_alone(lab):
    links = subprocess.check_output(["ip", "-o", "link"], text=True)
    addresses = subprocess.check_output(["ip", "-o", "address"], text=True)
    assert ": to-" not in links
    assert "192.0.2.53" not in addresses and " 10.128." not in addresses
