"""Keys that may do less than everything."""

import base64
import sqlite3
import time

import pytest

import peers
from controller import Controller, delete, replace

ZONE = "example.com."


@pytest.fixture
def made(controller):
    """Makes keys, and removes them in the end."""
    ids = []

    def make(**scope):
        answer = controller.ask("POST", "/api/v1/keys", {"name": "test"} | scope)
        assert answer.status == 201, answer.body
        ids.append(answer.json["id"])
        return answer.json["key"]

    yield make
    for number in ids:
        assert controller.ask("DELETE", f"/api/v1/keys/{number}").status == 204


def test_a_key_is_shown_once(controller, made):
    key = made(right="read")
    assert controller.ask("GET", "/zones", key=key).status == 200
    listed = controller.ask("GET", "/api/v1/keys")
    assert key not in listed.body.decode()
    assert [each["right"] for each in listed.json if each["name"] == "test"] == ["read"]


def test_a_removed_key_is_nobodys(controller):
    answer = controller.ask("POST", "/api/v1/keys", {"name": "short"}).json
    assert controller.ask("GET", "/zones", key=answer["key"]).status == 200
    assert controller.ask("DELETE", f"/api/v1/keys/{answer['id']}junk").status == 404
    assert controller.ask("GET", "/zones", key=answer["key"]).status == 200
    assert controller.ask("DELETE", f"/api/v1/keys/{answer['id']}").status == 204
    assert controller.ask("GET", "/zones", key=answer["key"]).status == 401
    assert controller.ask("DELETE", f"/api/v1/keys/{answer['id']}").status == 404


def test_rights_go_so_far(controller, made):
    controller.create()
    reads, changes = made(right="read"), made(right="change")
    one = replace("www." + ZONE, "A", "192.0.2.1")
    assert controller.ask("GET", f"/zones/{ZONE}", key=reads).status == 200
    assert controller.patch(one, key=reads).status == 403
    assert controller.patch(one, key=changes).status == 204
    assert controller.ask("DELETE", f"/zones/{ZONE}", key=changes).status == 403
    assert controller.ask("POST", "/api/v1/keys", {"name": "x"}, key=changes).status == 403


def test_an_acme_key_changes_challenges_alone(controller, made):
    controller.create()
    controller.create("other.example.")
    key = made(zones=["example.com"], names=["match:_acme-challenge.*.example.com"],
               types=["TXT"], right="change")
    challenge = replace("_acme-challenge.www." + ZONE, "TXT", '"x"')
    assert controller.patch(challenge, key=key).status == 204
    for rrset in (replace("www." + ZONE, "TXT", '"x"'),
                  replace("_acme-challenge.www." + ZONE, "A", "192.0.2.1"),
                  delete(ZONE, "NS")):
        assert controller.patch(challenge, rrset, key=key).status == 403
    assert controller.ask("GET", "/api/v1/servers/localhost", key=key).status == 200
    assert controller.ask("GET", f"/zones/{ZONE}", key=key).status == 200


def test_a_key_learns_nothing_of_other_zones(controller, made):
    controller.create()
    controller.create("other.example.")
    key = made(zones=["subtree:example.com"])
    assert [each["name"] for each in controller.ask("GET", "/zones", key=key).json] == [ZONE]
    assert controller.ask("GET", "/zones?zone=other.example.", key=key).json == []
    assert controller.ask("GET", "/search-data?q=*example*&object_type=zone",
                          key=key).json[0]["name"] == ZONE
    there = controller.ask("GET", "/zones/other.example.", key=key)
    not_there = controller.ask("GET", "/zones/none.example.", key=key)
    assert there.status == not_there.status == 403
    assert there.body == not_there.body
    assert controller.ask("POST", "/zones", {"name": "other.example.", "kind": "Native"},
                          key=key).status == 403
    assert controller.ask("POST", "/zones", {"name": "new.example.com.", "kind": "Native"},
                          key=key).status == 201
    answer = controller.ask("GET", "/api/v1/changes", key=key)
    assert answer.status == 403
    assert "?zone=NAME" in answer.error, "it names no zone that could be covered or not"
    assert controller.ask("GET", "/api/v1/changes?zone=example.com", key=key).status == 200
    sequence = controller.ask("GET", "/api/v1/changes?zone=other.example").json[0]["sequence"]
    assert controller.ask("GET", f"/api/v1/changes/{sequence}", key=key).status == 403
    assert controller.ask("POST", f"/api/v1/changes/{sequence}/revert", key=key).status == 403


def test_a_key_is_good_from_some_places_and_for_some_time(controller, made):
    assert controller.ask("GET", "/zones", key=made(sources=["127.0.0.0/8"])).status == 200
    assert controller.ask("GET", "/zones", key=made(sources=["192.0.2.1"])).status == 401
    soon = int(time.time()) + 2
    key = made(expires_at=soon)
    peers.wait_until(lambda: time.time() >= soon, "its end", 60)
    assert controller.ask("GET", "/zones", key=key).status == 401
    assert controller.ask("GET", "/zones", key=made(expires_at=4000000000)).status == 200
    assert controller.ask("GET", "/zones", key=made(expires_at=2**32 + 1)).status == 200


@pytest.mark.parametrize("scope", [{"name": ""}, {"zones": "x"}, {"zones": ["a..b"]},
                                   {"types": ["NOTYPE"]}, {"sources": ["x"]},
                                   {"sources": ["::ffff:192.0.2.1"]}, {"right": "all"},
                                   {"expires_at": "soon"}, {"expires_at": 0},
                                   {"expires_at": 2**64 - 1}, {"zones": []}, {"names": []},
                                   {"types": []}, {"sources": []}, {"zone": ["example.com"]},
                                   {"zones": ["a\nright=manage"]}, {"zones": ["subtre:a.example"]},
                                   {"zones": ["a.example b.example"]},
                                   {"names": ["a.example,b.example"]}])
def test_a_scope_that_is_none_is_refused(controller, scope):
    answer = controller.ask("POST", "/api/v1/keys", {"name": "test"} | scope)
    assert answer.status == 422, answer.body


def test_a_key_is_not_made_for_the_past(controller):
    for path, body in (("/api/v1/keys", {"name": "test"}),
                       ("/tsigkeys", {"name": "past.example.", "algorithm": "hmac-sha256"})):
        for at in (1, 1700000000, int(time.time()) - 1):
            answer = controller.ask("POST", path, body | {"expires_at": at})
            assert answer.status == 422, (path, at)
            assert answer.error.startswith("expires_at is in the past: it is "), answer.error
    body = {"name": "soon.example.", "algorithm": "hmac-sha256"}
    soon = int(time.time()) + 2
    assert controller.ask("POST", "/tsigkeys", body | {"expires_at": soon}).status == 201
    path = "/tsigkeys/soon.example."
    assert controller.ask("PUT", path, {"expires_at": 1700000000}).status == 422
    peers.wait_until(lambda: time.time() > soon, "its end", 60)
    as_it_is = controller.ask("GET", path).json
    assert as_it_is["expires_at"] == soon
    assert controller.ask("PUT", path, {"expires_at": soon, "right": "read"}).status == 200
    assert controller.ask("DELETE", path).status == 204


def update(controller, query, key, method="GET"):
    pair = base64.b64encode(f"anybody:{key}".encode()).decode()
    return controller.ask(method, f"/nic/update?{query}", key=None,
                          headers={"Authorization": f"Basic {pair}"})


def test_a_router_tells_its_address(controller, made):
    controller.create()
    key = made(zones=["example.com"], names=["subtree:dyn.example.com"], right="change")

    def said(query):
        return update(controller, query, key).body.decode()

    assert said("hostname=a.dyn.example.com&myip=192.0.2.1") == "good 192.0.2.1\n"
    assert said("hostname=a.dyn.example.com&myip=192.0.2.1") == "nochg 192.0.2.1\n"
    assert said("hostname=a.dyn.example.com&myip=192.0.2.2,2001:db8::2") == (
        "good 192.0.2.2,2001:db8::2\n")
    assert controller.rrset("a.dyn.example.com.", "AAAA") == ["2001:db8::2"]
    assert said("hostname=b.dyn.example.com") == "good 127.0.0.1\n"
    assert said("hostname=www.example.com,x.example.net,y&myip=192.0.2.1") == (
        "nohost\nnohost\nnotfqdn\n")
    assert said("hostname=a.dyn.example.com&myip=x") == "dnserr\n"
    assert said("hostname=b.dyn.example.com&offline=NOCHG&myip=192.0.2.3") == "good 192.0.2.3\n"
    assert said("hostname=a.dyn.example.com,none.dyn.example.com&myip=192.0.2.9&offline=YES") == (
        "good\nnochg\n")
    assert controller.rrset("a.dyn.example.com.", "A") is None
    assert controller.rrset("a.dyn.example.com.", "AAAA") is None
    assert controller.rrset("b.dyn.example.com.", "A") == ["192.0.2.3"]
    assert said("hostname=www.example.com&offline=YES") == "nohost\n"
    only = made(zones=["example.com"], names=["subtree:dyn.example.com"], types=["A"],
                right="change")
    said("hostname=b.dyn.example.com&myip=192.0.2.2,2001:db8::2")
    assert update(controller, "hostname=b.dyn.example.com&offline=yes", only).body == b"good\n"
    assert controller.rrset("b.dyn.example.com.", "A") is None
    assert controller.rrset("b.dyn.example.com.", "AAAA") == ["2001:db8::2"]
    controller.create("dyn.example.com.")
    assert said("hostname=a.dyn.example.com&myip=192.0.2.1") == "nohost\n", "a zone of others"
    assert said("myip=192.0.2.1") == "notfqdn\n"
    wrong = update(controller, "hostname=a.dyn.example.com&myip=192.0.2.1", "wrong")
    assert wrong.status == 401 and wrong.body == b"badauth\n"


def test_a_router_is_told_in_its_own_words_what_went_wrong(tmp_path):
    with Controller(tmp_path) as controller:
        controller.create()
        controller.create("copy.example.", kind="Slave", masters=["127.0.0.1"], nameservers=[])
        query = "hostname=a.example.com&myip=192.0.2.1"
        host = {"zones": ["example.com", "copy.example"]}

        def said(query, key, method="GET"):
            answer = update(controller, query, key, method)
            assert answer.headers["content-type"].startswith("text/plain"), answer.body
            return answer.status, answer.body.decode()

        def key(**more):
            answer = controller.ask("POST", "/api/v1/keys", {"name": "router"} | host | more)
            assert answer.status == 201, answer.body
            return answer.json["key"]

        change = key(right="change")
        assert said(query, key(right="read")) == (200, "!yours\n")
        assert said(query + "&wait=never", change) == (200, "badsys\n")
        assert said(query, change, "POST") == (405, "badagent\n")
        assert said("hostname=a.copy.example&myip=192.0.2.1", change) == (200, "dnserr\n")
        assert said("hostname=a.example.com&myip=192.0.2.300", change) == (200, "dnserr\n")
        for _ in range(30):
            status, word = said(query, "guessed")
            assert (status, word) in ((401, "badauth\n"), (200, "abuse\n"))
        assert word == "abuse\n"
        assert said(query, change) == (200, "good 192.0.2.1\n")


def test_a_router_leaves_the_ttl_of_a_set_as_it_is(controller, made):
    controller.create(rrsets=[replace("a.example.com.", "A", "192.0.2.1", ttl=1800)])
    key = made(zones=["example.com"], right="change")
    for address in ("192.0.2.2", "192.0.2.2", "192.0.2.3"):
        update(controller, f"hostname=a.example.com&myip={address},2001:db8::2", key)
    sets = controller.ask("GET", "/zones/example.com").json["rrsets"]
    ttls = {rrset["type"]: rrset["ttl"] for rrset in sets if rrset["name"] == "a.example.com."}
    assert ttls == {"A": 1800, "AAAA": 60}
    assert controller.rrset("a.example.com.", "A") == ["192.0.2.3"]


def test_everything_is_in_the_audit_log(tmp_path):
    with Controller(tmp_path) as controller:
        controller.create()
        number = controller.ask("POST", "/api/v1/keys", {"name": "short"}).json["id"]
        controller.ask("DELETE", f"/api/v1/keys/{number}")
        assert controller.ask("GET", "/zones", key="wrong").status == 401
        entries = controller.ask("GET", "/api/v1/audit").json
        assert [each["action"] for each in entries] == [
            "login.refused", "key.remove", "key.create", "zone.create", "key.create"]
        assert entries[0]["source"] == "127.0.0.1"
        assert entries[3]["subject"] == "example.com." and entries[3]["actor"] == "key:admin"
        verdict = controller.ask("GET", "/api/v1/audit/verdict").json
        assert verdict["broken_at"] is None and verdict["entries"] == len(entries)
        with sqlite3.connect(tmp_path / "state/control.db") as database:
            database.execute("UPDATE audit SET actor = 'key:eve' WHERE action = 'zone.create'")
        verdict = controller.ask("GET", "/api/v1/audit/verdict").json
        assert verdict["broken_at"] == entries[3]["sequence"]


def test_who_guesses_keys_is_held_off(tmp_path):
    with Controller(tmp_path) as controller:
        for _ in range(20):
            assert controller.ask("GET", "/zones", key="wrong").status == 401
        answer = controller.ask("GET", "/zones", key="wrong")
        assert answer.status == 429 and answer.headers["retry-after"] == "60"
        assert controller.ask("GET", "/zones", key=None).status == 429
        assert controller.ask("GET", "/zones").status == 200, "a key that is one always passes"


def test_who_brings_no_key_guesses_none(tmp_path):
    with Controller(tmp_path) as controller:
        for _ in range(25):
            assert controller.ask("GET", "/zones", key=None).status == 401


def test_a_key_of_some_names_manages_no_zone(controller, made):
    controller.create()
    for scope in ({"names": ["subtree:_acme-challenge.example.com"]}, {"types": ["TXT"]}):
        key = made(zones=["subtree:example.com"], **scope)
        for method, path, body in (
                ("DELETE", f"/zones/{ZONE}", None),
                ("PUT", f"/zones/{ZONE}", {"account": "other"}),
                ("POST", "/zones", {"name": "new.example.com.", "kind": "Native"}),
                ("POST", f"/zones/{ZONE}/cryptokeys", {"keytype": "csk", "active": True})):
            assert controller.ask(method, path, body, key=key).status == 403, (method, scope)
    assert controller.ask("GET", f"/zones/{ZONE}").json["account"] == ""
    whole = made(zones=["example.com"], names=["subtree:example.com"])
    assert controller.ask("PUT", f"/zones/{ZONE}", {"account": "own"}, key=whole).status == 204
    assert controller.ask("DELETE", f"/zones/{ZONE}", key=whole).status == 204


def test_a_search_looks_at_the_zones_of_the_key_alone(controller, made):
    controller.create("a.other.example.")
    controller.create()
    controller.patch(replace("a.a.other.example.", "TXT", '"secret"'), zone="a.other.example.")
    controller.patch(replace("www." + ZONE, "TXT", '"secret"'))
    key = made(zones=["example.com"], right="read")
    found = controller.ask("GET", "/search-data?q=secret&max=1", key=key).json
    assert [each["name"] for each in found] == ["www." + ZONE]
    found = controller.ask("GET", "/search-data?q=*example*&max=1", key=key).json
    assert [each["name"] for each in found] == [ZONE]
    serial = controller.ask("GET", f"/zones/{ZONE}").json["serial"]
    found = controller.ask("GET", "/search-data?q=*example*&object_type=record", key=key).json
    assert [each["content"].split()[2] for each in found if each["type"] == "SOA"] == [str(serial)]
