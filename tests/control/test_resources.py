"""What lists and requests of all resources have in common; and metadata, which is settings."""

import subprocess

import pytest

from controller import Controller, program, replace

ZONE = "example.com."
PASSWORD = "correct horse battery"
PLANS = '[[plan]]\nname = "small"\n'
NEW = {
    "keys": {"name": "one"},
    "pops": {"name": "one", "city": "Singapore"},
    "tenants": {"name": "one", "plan": "small"},
    "users": {"name": "one", "password": PASSWORD},
    "nodes": {"name": "one", "pop": "home", "address": "127.0.0.1:53",
              "pin": f"sha256/{'A' * 43}="},
}

LISTED = NEW | {"servers/localhost/tsigkeys": {"name": "one", "algorithm": "hmac-sha256"}}


@pytest.fixture
def fresh(tmp_path, database):
    with Controller(tmp_path, PLANS, database=database) as controller:
        assert controller.ask("POST", "/api/v1/pops", {"name": "home"}).status == 201
        yield controller


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with Controller(tmp_path_factory.mktemp("control"), PLANS) as controller:
        assert controller.ask("POST", "/api/v1/pops", {"name": "home"}).status == 201
        yield controller


# --- Repetition ---

def test_what_is_made_is_made_once_under_its_idempotency_key(fresh):
    for kind, body in LISTED.items():
        path, once = f"/api/v1/{kind}", {"Idempotency-Key": kind}
        before = len(fresh.ask("GET", path).json)
        first = fresh.ask("POST", path, body, headers=once)
        second = fresh.ask("POST", path, body, headers=once)
        assert first.status == second.status == 201
        assert first.body == second.body, "with its secret, if it has one"
        assert first.headers.get("location") == second.headers.get("location")
        assert len(fresh.ask("GET", path).json) == before + 1
        other = fresh.ask("POST", path, body | {"name": "two"}, headers=once)
        assert other.status == 422
        assert "another request" in other.error


def test_an_idempotency_key_is_that_of_one_key(fresh):
    once = {"Idempotency-Key": "k"}
    others = [fresh.ask("POST", "/api/v1/keys", {"name": "deploy"}).json["key"] for _ in range(2)]
    made = [fresh.ask("POST", "/api/v1/keys", NEW["keys"], key=key, headers=once).json["key"]
            for key in others]
    assert made[0] != made[1], "the secret of one is not told to the other"


def test_what_was_refused_may_be_asked_again(fresh):
    once = {"Idempotency-Key": "k"}
    body = {"name": "ann", "password": PASSWORD, "tenant": "acme"}
    assert fresh.ask("POST", "/api/v1/users", body, headers=once).status == 404
    assert fresh.ask("POST", "/api/v1/tenants", {"name": "acme", "plan": "small"}).status == 201
    assert fresh.ask("POST", "/api/v1/users", body, headers=once).status == 201


# --- Pages ---

@pytest.mark.parametrize("kind", LISTED)
def test_lists_have_pages(shared, kind):
    for i, name in enumerate(("b", "a", "d", "c")):
        more = {"pin": f"sha256/{chr(66 + i)}{'A' * 42}="}
        body = LISTED[kind] | {"name": name} | (more if kind == "nodes" else {})
        assert shared.ask("POST", f"/api/v1/{kind}", body).status == 201
    whole = shared.ask("GET", f"/api/v1/{kind}").json
    seen, path = [], f"/api/v1/{kind}?limit=2"
    while path:
        assert len(seen) < len(whole), "the pages end"
        answer = shared.ask("GET", path)
        assert answer.status == 200 and 0 < len(answer.json) <= 2
        seen += answer.json
        path = answer.headers["link"].split(">")[0][1:] if "link" in answer.headers else None
    assert [each["name"] for each in seen] == [each["name"] for each in whole]


@pytest.mark.parametrize("path", ["/zones", "/api/v1/changes", "/api/v1/audit",
                                  *(f"/api/v1/{kind}" for kind in LISTED)])
def test_a_page_of_nothing_is_refused(shared, path):
    answer = shared.ask("GET", path + "?limit=0")
    assert answer.status == 400
    assert answer.error == "limit is 0"


# --- Names that are no text ---

@pytest.mark.parametrize("kind", NEW)
@pytest.mark.parametrize("name", [5, True, ["one"], {"one": 1}, "one\0two"])
def test_a_name_that_is_no_text_is_told(shared, kind, name):
    answer = shared.ask("POST", f"/api/v1/{kind}", NEW[kind] | {"name": name})
    assert answer.status == 422, answer.body
    assert "String" in answer.error


@pytest.mark.parametrize("path, member", [
    ("/api/v1/users", "password"), ("/api/v1/users", "tenant"), ("/api/v1/tenants", "plan"),
    ("/api/v1/pops", "city"), ("/api/v1/pops", "node"), ("/api/v1/sessions", "code")])
def test_another_member_that_is_no_text_is_told(shared, path, member):
    body = {"name": "x", "user": "x", "password": PASSWORD, "plan": "small"} | {member: 5}
    answer = shared.ask("POST", path, body)
    assert answer.status == 422
    assert answer.error == f"Key '{member}' is not a String"


@pytest.mark.parametrize("raw", [b'{"name": "\xff"}', b'{"name": "\xc0\xaf"}',
                                 b'{"name": "\xed\xa0\x80"}'])
def test_what_is_not_utf_8_is_told(shared, raw):
    answer = shared.ask("POST", "/api/v1/keys", raw=raw)
    assert answer.status == 422
    assert answer.error == "The body is not UTF-8"


@pytest.mark.parametrize("path", ["/api/v1/tenants/a%00b", "/api/v1/users/%FF",
                                  "/search-data?q=%00", "/search-data?q=%C0%AF"])
def test_what_is_no_text_in_a_path_is_no_request(shared, path):
    assert shared.ask("GET", path).status == 400


def test_an_idempotency_key_is_text(shared):
    for key in ("\xff", "x" * 256):
        answer = shared.ask("POST", "/api/v1/keys", {"name": "x"}, headers={"Idempotency-Key": key})
        assert answer.status == 400


# --- The first key ---

def test_who_has_lost_the_first_key_makes_another(tmp_path, database):
    with Controller(tmp_path, database=database) as controller:
        done = subprocess.run([program("nearcast-control"), "--config", controller.config,
                               "--new-admin-key"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        key = done.stdout.strip()
        assert controller.ask("POST", "/api/v1/keys", {"name": "x"}, key=key).status == 201
        entry = next(each for each in controller.ask("GET", "/api/v1/audit").json
                     if each["actor"] == "operator")
        assert entry["action"] == "key.create"


# --- Metadata ---

def metadata(controller, kind=""):
    return controller.ask("GET", f"/zones/{ZONE}/metadata{kind and '/'}{kind}").json


@pytest.mark.parametrize("kind, value, setting, shown, usual", [
    ("SOA-EDIT-API", "EPOCH", "soa_edit_api", "EPOCH", "DEFAULT"),
    ("SOA-EDIT", "INCEPTION-EPOCH", "soa_edit", "INCEPTION-EPOCH", ""),
    ("NSEC3PARAM", "1 0 0 -", "nsec3param", "1 0 0 -", ""),
    ("API-RECTIFY", "0", "api_rectify", False, True)])
def test_metadata_that_are_settings_are_set(controller, kind, value, setting, shown, usual):
    controller.create()
    body = {"kind": kind, "metadata": [value], "type": "Metadata"}
    made = controller.ask("POST", f"/zones/{ZONE}/metadata", body)
    assert (made.status, made.json) == (201, body)
    assert controller.ask("GET", f"/zones/{ZONE}").json[setting] == shown
    assert metadata(controller, kind) == body
    assert body in metadata(controller)
    assert controller.ask("DELETE", f"/zones/{ZONE}/metadata/{kind}").status == 204
    assert controller.ask("GET", f"/zones/{ZONE}").json[setting] == usual
    again = controller.ask("PUT", f"/zones/{ZONE}/metadata/{kind}", {"metadata": [value]})
    assert (again.status, again.json) == (200, body)
    assert again.headers["x-nearcast-change"]
    assert controller.ask("GET", f"/zones/{ZONE}").json[setting] == shown


@pytest.mark.parametrize("kind, way", [
    ("ALLOW-AXFR-FROM", "allow in [transfer]"), ("ALSO-NOTIFY", "notify in [transfer]"),
    ("TSIG-ALLOW-AXFR", "allow in [transfer]"), ("PRESIGNED", "/api/v1/signing"),
    ("LUA-AXFR-SCRIPT", "no code"), ("X-OURS", "'X-OURS' is not kept")])
def test_metadata_that_would_do_nothing_are_refused_with_the_way(controller, kind, way):
    controller.create()
    before = metadata(controller)
    body = {"kind": kind, "metadata": ["192.0.2.1"]}
    for method, path in (("POST", ""), ("PUT", "/" + kind)):
        answer = controller.ask(method, f"/zones/{ZONE}/metadata{path}", body)
        assert answer.status == 422
        assert way in answer.error
    assert metadata(controller, kind)["metadata"] == []
    assert controller.ask("DELETE", f"/zones/{ZONE}/metadata/{kind}").status == 204
    assert metadata(controller) == before


@pytest.mark.parametrize("body", [{"metadata": "DEFAULT"}, {"metadata": ["A", "B"]}, {},
                                  {"metadata": [5]}, {"metadata": ["SOMETIMES"]}])
def test_metadata_of_another_form_are_refused(controller, body):
    controller.create()
    assert controller.ask("PUT", f"/zones/{ZONE}/metadata/SOA-EDIT-API", body).status == 422
    assert metadata(controller, "SOA-EDIT-API")["metadata"] == ["DEFAULT"]


# --- Large sets ---

def test_many_records_are_added_and_removed_one_by_one(controller):
    controller.create()
    def some(numbers, kind):
        return replace("www." + ZONE, "A", *(f"192.0.{i // 250}.{i % 250}" for i in numbers),
                       changetype=kind)
    assert controller.patch(some(range(0, 3000), "EXTEND")).status == 204
    assert controller.patch(some(range(1500, 3500), "EXTEND")).status == 204
    assert len(controller.rrset("www." + ZONE, "A")) == 3500
    assert controller.patch(some(range(0, 3499), "PRUNE")).status == 204
    assert controller.rrset("www." + ZONE, "A") == ["192.0.13.249"]


@pytest.mark.parametrize("connection, status", [
    ("sqlite:{folder}/control.db", 0), ("mysql:nearcast", 2),
    ("/var/lib/nearcast-control/control.db", 2)])
def test_a_check_knows_which_databases_there_are(tmp_path, connection, status):
    config = tmp_path / "control.toml"
    config.write_text(f'[control]\ndirectory = "{tmp_path / "state"}"\n[database]\nconnection = '
                      f'"{connection.replace("{folder}", str(tmp_path))}"\n')
    done = subprocess.run([program("nearcast-control"), "--config", config, "--check"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert ("postgresql:" in done.stderr) == (status != 0)


@pytest.mark.parametrize("lines", ['listen = ["127.0.0.1:5353", "127.0.0.1:5353"]',
                                   'listen = ["127.0.0.1:5353"]\ntls_listen = ["127.0.0.1:5353"]'])
def test_a_check_refuses_an_address_that_stands_there_twice(tmp_path, lines):
    config = tmp_path / "control.toml"
    config.write_text(f'[control]\ndirectory = "{tmp_path / "state"}"\n'
                      '[network]\nurl = "https://192.0.2.1:8443"\nprimaries = ["192.0.2.1:853"]\n'
                      f"[serve]\n{lines}\n")
    done = subprocess.run([program("nearcast-control"), "--config", config, "--check"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "127.0.0.1:5353" in done.stderr, done.stderr
