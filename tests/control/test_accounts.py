"""Tenants and people: who sees what, how much he may have, and how he gets in."""

import base64
import hashlib
import hmac
import struct
import time
import urllib.parse

import pytest

from controller import Controller, replace

PLANS = """
[[plan]]
name = "small"
zones = 2
records = 12
[[plan]]
name = "large"
[[plan]]
name = "slow"
changes_per_minute = 2
"""
PASSWORD = "correct horse battery"


@pytest.fixture
def shop(tmp_path, database):
    with Controller(tmp_path, PLANS, database=database) as controller:
        for tenant in ("acme", "globe"):
            answer = controller.ask("POST", "/api/v1/tenants", {"name": tenant, "plan": "small"})
            assert answer.status == 201, answer.body
        yield controller


def add_user(controller, name, **more):
    answer = controller.ask("POST", "/api/v1/users", {"name": name, "password": PASSWORD} | more)
    assert answer.status == 201, answer.body


def log_in(controller, user, password=PASSWORD, **more):
    return controller.ask("POST", "/api/v1/sessions",
                          {"user": user, "password": password} | more, key=False)


def key_of(controller, tenant):
    name = "of-" + tenant
    add_user(controller, name, tenant=tenant)
    answer = log_in(controller, name)
    assert answer.status == 201, answer.body
    return answer.json["key"]


def make(controller, zone, key):
    return controller.ask("POST", "/zones", {"name": zone, "kind": "Native", "nameservers":
                                             ["ns1.example.net."]}, key=key)


def code_of(uri, at):
    """RFC 6238, made here from what a phone would take in."""
    secret = urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0]
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(at) // 30),
                   hashlib.sha1).digest()
    number, = struct.unpack(">I", mac[mac[19] & 15:][:4])
    return f"{(number & 0x7fffffff) % 10**6:06}"


def test_a_tenant_sees_his_zones_alone(shop):
    acme, globe = key_of(shop, "acme"), key_of(shop, "globe")
    made = make(shop, "a.example.", acme)
    assert made.status == 201 and made.json["account"] == "acme"
    make(shop, "g.example.", globe)
    change = made.headers["x-nearcast-change"]
    assert [zone["name"] for zone in shop.ask("GET", "/zones", key=acme).json] == ["a.example."]
    assert shop.ask("GET", "/zones?zone=a.example.", key=globe).json == []
    assert shop.ask("GET", "/search-data?q=*example*", key=globe).body.find(b"a.example") < 0
    assert shop.patch(replace("www.a.example.", "A", "192.0.2.1"), zone="a.example.",
                      key=acme).status == 204
    for method, path, body in (
            ("GET", "/zones/{}", None), ("DELETE", "/zones/{}", None),
            ("PUT", "/zones/{}", {"kind": "Native"}), ("GET", "/zones/{}/export", None),
            ("PATCH", "/zones/{}", {"rrsets": [replace("www.a.example.", "A", "192.0.2.1")]}),
            ("GET", "/api/v1/changes?zone={}", None)):
        there = shop.ask(method, path.format("a.example."), body, key=globe)
        missing = shop.ask(method, path.format("none.example."), body, key=globe)
        assert there.status == missing.status == 403, (method, path)
        assert there.body == missing.body, (method, path)
    foreign = shop.ask("GET", f"/api/v1/changes/{change}", key=globe)
    assert foreign.status == 403
    assert foreign.body == shop.ask("GET", "/api/v1/changes/999999", key=globe).body
    assert shop.ask("GET", f"/api/v1/changes/{change}", key=acme).status == 200


def test_a_tenant_makes_no_zone_within_anothers(shop):
    acme, globe = key_of(shop, "acme"), key_of(shop, "globe")
    assert make(shop, "a.example.", acme).status == 201
    assert make(shop, "www.a.example.", globe).status == 403
    assert make(shop, "a.example.", globe).status == 403
    assert make(shop, "www.a.example.", acme).status == 201
    assert shop.ask("PUT", "/zones/a.example.", {"account": "globe"}, key=acme).status == 403


def test_a_tenant_makes_no_zone_above_anothers(shop):
    acme, globe = key_of(shop, "acme"), key_of(shop, "globe")
    operator = shop.key
    assert make(shop, "www.shop.example.org.", operator).status == 201
    for zone in (".", "org.", "test."):
        refused = make(shop, zone, acme)
        assert refused.status == 403 and "whoever runs the controller" in refused.error, zone
    assert make(shop, "a.b.example.net.", globe).status == 201
    foreign = make(shop, "a.b.example.net.", acme)
    for zone in ("example.org.", "shop.example.org.", "example.net.", "B.Example.net."):
        refused = make(shop, zone, acme)
        assert (refused.status, refused.body) == (403, foreign.body), zone
    for zone in ("op.example.org.", "example.com."):
        assert make(shop, zone, acme).status == 201, zone
    for zone in (".", "org.", "example.net."):
        assert make(shop, zone, operator).status == 201, zone


def test_a_zone_does_not_come_back_above_anothers(shop):
    acme, globe = key_of(shop, "acme"), key_of(shop, "globe")
    assert make(shop, "a.example.", acme).status == 201
    gone = shop.ask("DELETE", "/zones/a.example.", key=acme)
    assert gone.status == 204
    assert make(shop, "www.a.example.", globe).status == 201
    path = f"/api/v1/changes/{gone.headers['x-nearcast-change']}/revert"
    assert shop.ask("POST", path, {}, key=acme).status == 403
    assert shop.ask("POST", path, {}).status == 201


def test_what_runs_the_controller_is_not_a_tenants(shop):
    acme = key_of(shop, "acme")
    for path in ("/api/v1/audit", "/api/v1/pops", "/api/v1/nodes", "/api/v1/tenants/globe",
                 "/api/v1/users/of-globe", "/api/v1/users/nobody"):
        assert shop.ask("GET", path, key=acme).status == 403, path
    assert [each["name"] for each in shop.ask("GET", "/api/v1/tenants", key=acme).json] == ["acme"]
    assert shop.ask("PUT", "/api/v1/tenants/acme", {"plan": "large"}, key=acme).status == 403
    assert [each["name"] for each in shop.ask("GET", "/api/v1/users", key=acme).json] == ["of-acme"]


def test_a_plan_has_its_limits(shop):
    acme = key_of(shop, "acme")
    assert [make(shop, f"z{i}.example.", acme).status for i in range(3)] == [201, 201, 422]
    many = replace("www.z0.example.", "A", *(f"192.0.2.{i}" for i in range(1, 20)))
    full = shop.patch(many, zone="z0.example.", key=acme)
    assert full.status == 422 and "12 records" in full.error
    assert "retry-after" not in full.headers, "however long he waits"
    assert shop.ask("GET", "/api/v1/tenants/acme", key=acme).json["records"] == 4
    assert shop.ask("PUT", "/api/v1/tenants/acme", {"plan": "large"}).status == 204
    assert shop.patch(many, zone="z0.example.", key=acme).status == 204
    assert shop.ask("GET", "/api/v1/tenants/acme").json["records"] == 4 + 19


def test_who_is_too_fast_is_told_when_to_come_again(shop):
    acme = key_of(shop, "acme")
    assert shop.ask("PUT", "/api/v1/tenants/acme", {"plan": "slow"}).status == 204
    assert make(shop, "a.example.", acme).status == 201
    change = replace("www.a.example.", "A", "192.0.2.1")
    assert shop.patch(change, zone="a.example.", key=acme).status == 204
    held_off = shop.patch(change | {"ttl": 60}, zone="a.example.", key=acme)
    assert held_off.status == 429 and "2 changes a minute" in held_off.error
    assert 0 < int(held_off.headers["retry-after"]) <= 60


def test_a_router_is_told_of_limits_in_its_own_words(shop):
    acme = key_of(shop, "acme")
    pair = base64.b64encode(f"anybody:{acme}".encode()).decode()

    def said(addresses):
        answer = shop.ask("GET", f"/nic/update?hostname=a.z.example&myip={addresses}", key=False,
                          headers={"Authorization": f"Basic {pair}"})
        assert answer.status == 200, "words with another status are read by nobody"
        return answer.body.decode()

    make(shop, "z.example.", acme)
    many = replace("www.z.example.", "A", *(f"192.0.2.{i}" for i in range(1, 10)))
    assert shop.patch(many, zone="z.example.", key=acme).status == 204
    assert said("192.0.2.1,2001:db8::1") == "dnserr\n", "it has 12 records"
    assert shop.ask("PUT", "/api/v1/tenants/acme", {"plan": "slow"}).status == 204
    words = [said(f"192.0.2.{i}") for i in range(4)]
    assert words[-1] == "911\n", "that passes"


def test_keys_of_a_tenant_are_his(shop):
    acme, globe = key_of(shop, "acme"), key_of(shop, "globe")
    made = shop.ask("POST", "/api/v1/keys", {"name": "ci"}, key=acme)
    assert made.status == 201 and made.json["tenant"] == "acme"
    assert make(shop, "a.example.", made.json["key"]).json["account"] == "acme"
    assert all(key["tenant"] == "globe" for key in shop.ask("GET", "/api/v1/keys", key=globe).json)
    path = f"/api/v1/keys/{made.json['id']}"
    assert shop.ask("DELETE", path, key=globe).status == 404
    assert shop.ask("DELETE", path, key=acme).status == 204


def test_a_session_ends(shop):
    add_user(shop, "anna")
    session = log_in(shop, "anna").json
    assert (session["user"], session["tenant"], session["right"]) == ("anna", "", "manage")
    assert abs(session["expires_at"] - time.time() - 12 * 3600) < 60
    make(shop, "a.example.", session["key"])
    assert shop.ask("GET", "/api/v1/changes?zone=a.example.").json[0]["actor"] == "user:anna"
    assert shop.ask("DELETE", "/api/v1/sessions", key=session["key"]).status == 204
    assert shop.ask("GET", "/zones", key=session["key"]).status == 401
    assert shop.ask("DELETE", "/api/v1/sessions").status == 409


def test_a_code_of_a_phone_is_wanted_and_good_once(shop):
    add_user(shop, "anna")
    key = log_in(shop, "anna").json["key"]
    uri = shop.ask("POST", "/api/v1/users/anna/totp", {}, key=key).json["uri"]
    assert log_in(shop, "anna").status == 403
    code = code_of(uri, time.time())
    assert log_in(shop, "anna", code=code).status == 201
    assert log_in(shop, "anna", code=code).status == 403


def test_another_phone_needs_more_than_a_session(shop):
    add_user(shop, "anna")
    key = log_in(shop, "anna").json["key"]
    stolen = log_in(shop, "anna").json["key"]
    uri = shop.ask("POST", "/api/v1/users/anna/totp", {}, key=key).json["uri"]
    assert shop.ask("GET", "/zones", key=stolen).status == 401
    assert shop.ask("GET", "/zones", key=key).status == 200
    for body, status in (({}, 422), ({"password": "wrong"}, 403), ({"code": "000000"}, 403)):
        answer = shop.ask("POST", "/api/v1/users/anna/totp", body, key=key)
        assert answer.status == status, (body, answer.body)
    new = {"password": PASSWORD * 2}
    assert shop.ask("PUT", "/api/v1/users/anna", new, key=key).status == 422
    assert shop.ask("PUT", "/api/v1/users/anna", new | {"code": code_of(uri, time.time())},
                    key=key).status == 204
    again = shop.ask("POST", "/api/v1/users/anna/totp", {"password": PASSWORD * 2}, key=key)
    assert again.status == 201 and again.json["uri"] != uri
    assert shop.ask("POST", "/api/v1/users/anna/totp", {}).status == 201, "who looks after him"
    assert shop.ask("GET", "/zones", key=key).status == 401, "he is logged out by that"


def test_what_outlives_a_session_needs_more_than_one(shop):
    add_user(shop, "anna")
    key = log_in(shop, "anna").json["key"]
    made = shop.ask("POST", "/api/v1/keys", {"name": "before"}, key=key)
    assert made.status == 201, "who has no phone is known by his session alone"
    uri = shop.ask("POST", "/api/v1/users/anna/totp", {}, key=key).json["uri"]
    bert = {"name": "bert", "password": PASSWORD}
    add_user(shop, "carl")
    wishes = (("POST", "/api/v1/keys", {"name": "ci"}, "password"),
              ("POST", "/api/v1/users", bert, "old_password"),
              ("PUT", "/api/v1/users/carl", {"password": PASSWORD * 2}, "old_password"),
              ("POST", "/api/v1/users/carl/totp", {}, "password"))
    for method, path, body, proof in wishes:
        assert shop.ask(method, path, body, key=key).status == 422, path
        assert shop.ask(method, path, body | {"code": "000000"}, key=key).status == 403, path
    assert shop.ask("GET", "/api/v1/users/bert").status == 404
    assert log_in(shop, "carl").status == 201
    for method, path, body, proof in wishes:
        answer = shop.ask(method, path, body | {proof: PASSWORD}, key=key)
        assert answer.status in (201, 204), (path, answer.body)
    assert shop.ask("POST", "/api/v1/keys", {"name": "ci", "code": code_of(uri, time.time())},
                    key=key).status == 201
    assert shop.ask("POST", "/api/v1/keys", {"name": "program"},
                    key=made.json["key"]).status == 201, "a program has no phone"


def test_of_others_users_and_keys_no_tenant_learns(shop):
    acme, globe = key_of(shop, "acme"), key_of(shop, "globe")
    anna = {"name": "anna", "password": PASSWORD}
    foreign = shop.ask("GET", "/api/v1/users/of-globe", key=acme)
    for body in (anna | {"tenant": "globe"}, anna | {"tenant": "nobody"},
                 anna | {"name": "of-globe"}):
        answer = shop.ask("POST", "/api/v1/users", body, key=acme)
        assert (answer.status, answer.body) == (403, foreign.body), body
    assert shop.ask("POST", "/api/v1/users", anna | {"tenant": "acme"}, key=acme).status == 201
    assert shop.ask("POST", "/api/v1/users", anna, key=acme).status == 409, "of one's own"
    key = {"name": "x.example", "algorithm": "hmac-sha256"}
    assert shop.ask("POST", "/tsigkeys", key, key=globe).status == 201
    assert shop.ask("POST", "/tsigkeys", key, key=globe).status == 409
    assert shop.ask("POST", "/tsigkeys", key, key=acme).status == 403
    assert shop.ask("POST", "/tsigkeys", key | {"name": "y.example", "tenant": "globe"},
                    key=acme).status == 422
    assert shop.ask("POST", "/tsigkeys", key | {"name": "y.example"}, key=acme).status == 201
    assert shop.ask("PUT", "/tsigkeys/y.example", {"name": "x.example"}, key=acme).status == 403


def test_people_look_after_themselves(shop):
    add_user(shop, "anna", tenant="acme", right="read")
    key = log_in(shop, "anna").json["key"]
    assert shop.ask("PUT", "/api/v1/users/anna", {"password": "short"}, key=key).status == 422
    assert shop.ask("PUT", "/api/v1/users/anna", {"password": PASSWORD * 2}, key=key).status == 204
    assert log_in(shop, "anna").status == 403
    assert log_in(shop, "anna", PASSWORD * 2).status == 201
    assert shop.ask("DELETE", "/api/v1/users/anna").status == 204
    assert shop.ask("GET", "/zones", key=key).status == 401


def test_wrong_passwords_are_told_and_held_off(shop):
    add_user(shop, "anna")
    statuses = [log_in(shop, "anna", "wrong").status for _ in range(12)]
    assert statuses == [403] * 10 + [429] * 2
    held_off = log_in(shop, "anna")
    assert held_off.status == 429
    assert 0 < int(held_off.headers["retry-after"]) <= 60
    told = [each["actor"] for each in shop.ask("GET", "/api/v1/audit?limit=10").json
            if each["action"] == "login.refused"]
    assert told == ["user:anna"] * 10
    assert shop.ask("GET", "/api/v1/audit/verdict").json["broken_at"] is None
