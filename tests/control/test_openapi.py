"""The description of the API, held against what the server does: every path, every method."""

import json

import jsonschema
import pytest

from controller import Controller
from test_network import network_sections, public_key

METHODS = {"get", "post", "put", "patch", "delete"}
ZONE = "example.org."
PUT_RECORD = {"rrsets": [{"name": "www." + ZONE, "type": "A", "ttl": 60, "changetype": "REPLACE",
                          "records": [{"content": "192.0.2.1", "disabled": False}]}]}
SERVER = "/api/v1/servers/localhost"
PIN = "sha256/tZwKQwmI6SBRYKMkggLnBYKB4wVNY7wFAy3amixfjJE="


class Walk:
    """Asks for each resource in turn; what one answer tells, a later question may use."""

    def __init__(self, controller, folder):
        self.controller = controller
        self.document = controller.ask("GET", "/api/v1/openapi.json", key=False).json
        self.public_key = public_key(folder)
        self.asked = set()

    def check(self, schema, value):
        whole = schema | {"components": self.document["components"]}
        jsonschema.Draft202012Validator(whole).validate(value)

    def operation(self, method, template):
        return self.document["paths"][template][method.lower()]

    def ask(self, method, template, body=None, query="", status=None, key=True, **names):
        operation = self.operation(method, template)
        if body is not None:
            self.check(operation["requestBody"]["content"]["application/json"]["schema"], body)
        names = {name.rstrip("_"): value for name, value in names.items()}
        answer = self.controller.ask(method, template.format(**names) + query, body, key=key)
        told = operation["responses"].get(str(answer.status))
        if status is not None:
            assert answer.status == status, answer.body
            told = told or operation["responses"]["default"]
        assert told is not None, f"{method} {template}: {answer.status} {answer.body}"
        self.asked.add((method.lower(), template))
        if "content" not in told:
            assert answer.body == b""
            return None
        (kind, content), = told["content"].items()
        assert answer.headers["content-type"] == kind
        if kind != "application/json":
            return answer.body.decode()
        self.check(content["schema"], answer.json)
        return answer.json


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    plan = '[[plan]]\nname = "small"\n'
    with Controller(folder, network_sections() + plan) as controller:
        yield Walk(controller, folder)


def operations(document):
    return {(method, path) for path, item in document["paths"].items() for method in item
            if method in METHODS}


def walk_zones(walk):
    zones, zone = SERVER + "/zones", SERVER + "/zones/{zone}"
    walk.ask("POST", zones, {"name": ZONE, "kind": "Native", "nameservers": ["ns1.example.net."]})
    walk.ask("GET", zones)
    walk.ask("GET", zones, query="?limit=1")
    walk.ask("PATCH", zone, PUT_RECORD, zone=ZONE)
    walk.ask("GET", zone, zone=ZONE)
    walk.ask("PUT", zone, {"account": "me"}, zone=ZONE)
    for method, part, status in (("PUT", "notify", 200), ("PUT", "rectify", 200),
                                 ("PUT", "axfr-retrieve", 422), ("GET", "export", 200),
                                 ("GET", "cryptokeys", 200), ("GET", "metadata", 200)):
        walk.ask(method, f"{zone}/{part}", zone=ZONE, status=status)
    walk.ask("GET", SERVER + "/search-data", query="?q=*example*")
    change = walk.ask("GET", "/api/v1/changes", query="?limit=2")[1]["sequence"]
    walk.ask("GET", "/api/v1/changes/{sequence}", sequence=change)
    walk.ask("POST", "/api/v1/changes/{sequence}/revert", {"comment": "back"}, sequence=change)
    setting = {"kind": "SOA-EDIT", "metadata": ["INCEPTION-EPOCH"]}
    walk.ask("POST", f"{zone}/metadata", setting, zone=ZONE)
    for method, body in (("GET", None), ("PUT", setting), ("DELETE", None)):
        walk.ask(method, f"{zone}/metadata/{{kind}}", body, zone=ZONE, kind="SOA-EDIT")
    copy = "copy.example."
    walk.ask("POST", zones, {"name": copy, "kind": "Slave", "masters": ["127.0.0.1"]})
    walk.ask("GET", "/api/v1/transfers/{zone}", zone=copy)
    walk.ask("PUT", f"{zone}/axfr-retrieve", zone=copy)
    walk.ask("DELETE", zone, zone=copy)
    walk.ask("GET", "/nic/update", query="?hostname=www.example.org&myip=192.0.2.9")
    walk.ask("DELETE", zone, zone=ZONE)


def walk_signing(walk):
    zone, keys = "signed.example.", SERVER + "/zones/{zone}/cryptokeys"
    walk.ask("POST", SERVER + "/zones",
             {"name": zone, "kind": "Native", "nameservers": ["ns1.example.net."]})
    walk.ask("GET", "/api/v1/signing/{zone}", zone=zone)
    key = walk.ask("POST", keys, {"keytype": "csk", "active": True}, zone=zone)["id"]
    walk.ask("GET", keys, zone=zone)
    walk.ask("GET", keys + "/{key}", zone=zone, key_=key)
    walk.ask("PUT", keys + "/{key}", {"active": True, "published": True}, zone=zone, key_=key)
    walk.ask("PUT", "/api/v1/signing/{zone}", {"nsec3param": "1 0 0 -", "zonemd": "sha384"},
             zone=zone)
    walk.ask("POST", "/api/v1/signing/{zone}/rollover", {"role": "csk"}, zone=zone)
    walk.ask("POST", "/api/v1/signing/{zone}/look", zone=zone)
    newest = max(each["id"] for each in walk.ask("GET", keys, zone=zone))
    walk.ask("DELETE", keys + "/{key}", zone=zone, key_=newest)
    assert not walk.ask("GET", "/api/v1/signing/{zone}", zone=zone)["enabled"]


def walk_server(walk):
    for path in ("/api", "/api/v1", "/api/v1/servers", SERVER, SERVER + "/config",
                 SERVER + "/statistics", SERVER + "/autoprimaries", "/api/v1/audit", "/api/v1/audit/verdict"):
        walk.ask("GET", path)
    walk.ask("GET", "/api/v1/openapi.json", key=False)
    walk.ask("PUT", SERVER + "/cache/flush", query="?domain=example.org.")
    key = walk.ask("POST", "/api/v1/keys", {"name": "walker", "zones": ["example.org"]})
    walk.ask("GET", "/api/v1/keys")
    tsig_keys, tsig_key = SERVER + "/tsigkeys", SERVER + "/tsigkeys/{tsigkey}"
    walk.ask("POST", tsig_keys, {"name": "walker", "algorithm": "hmac-sha256"})
    walk.ask("GET", tsig_keys)
    walk.ask("PUT", tsig_key, {"right": "read", "types": ["A"]}, tsigkey="walker.")
    walk.ask("GET", tsig_key, tsigkey="walker.")
    walk.ask("DELETE", tsig_key, tsigkey="walker.")
    walk.ask("DELETE", "/api/v1/keys/{id}", id=key["id"])


def walk_accounts(walk):
    password = "correct horse battery"
    walk.ask("POST", "/api/v1/tenants", {"name": "acme", "plan": "small"})
    walk.ask("GET", "/api/v1/tenants")
    walk.ask("GET", "/api/v1/tenants/{tenant}", tenant="acme")
    walk.ask("PUT", "/api/v1/tenants/{tenant}", {"plan": "small"}, tenant="acme")
    walk.ask("POST", "/api/v1/users", {"name": "anna", "password": password, "tenant": "acme"})
    walk.ask("GET", "/api/v1/users")
    walk.ask("GET", "/api/v1/users/{user}", user="anna")
    walk.ask("PUT", "/api/v1/users/{user}", {"password": password}, user="anna")
    session = walk.ask("POST", "/api/v1/sessions", {"user": "anna", "password": password},
                       key=False)
    walk.ask("DELETE", "/api/v1/sessions", key=session["key"])
    walk.ask("POST", "/api/v1/users/{user}/totp", user="anna")
    walk.ask("DELETE", "/api/v1/users/{user}", user="anna")
    walk.ask("DELETE", "/api/v1/tenants/{tenant}", tenant="acme")


def walk_network(walk):
    pop = walk.ask("POST", "/api/v1/pops", {"name": "sin", "neighbors": [
        {"name": "transit", "address": "192.0.2.9", "asn": 65001}]})
    walk.ask("GET", "/api/v1/pops")
    walk.ask("GET", "/api/v1/pops/{pop}", pop="sin")
    walk.ask("POST", "/api/v1/pops/{pop}/tokens", {}, pop="sin")
    walk.ask("POST", "/api/v1/join/check", {"token": pop["join"]["token"]}, key=False)
    walk.ask("POST", "/api/v1/join", {"token": pop["join"]["token"], "address": "127.0.0.1:53",
                                      "public_key": walk.public_key}, key=False)
    walk.ask("POST", "/api/v1/nodes", {"name": "sin9", "pop": "sin", "pin": PIN,
                                       "address": "127.0.0.1:53"})
    walk.ask("GET", "/api/v1/nodes")
    for node in ("sin1", "sin9"):
        walk.ask("GET", "/api/v1/nodes/{node}", node=node)
        walk.ask("DELETE", "/api/v1/nodes/{node}", node=node)
    walk.ask("DELETE", "/api/v1/pops/{pop}", pop="sin")


def test_every_resource_does_what_is_told_of_it(walk):
    for part in (walk_server, walk_zones, walk_signing, walk_accounts, walk_network):
        part(walk)
    assert walk.asked == operations(walk.document)


def test_every_path_takes_the_methods_that_are_told_and_no_others(walk):
    for path, item in walk.document["paths"].items():
        concrete = path.replace("{zone}", ZONE)
        answer = walk.controller.ask("OPTIONS", concrete)
        allowed = {each.lower() for each in answer.headers["allow"].split(", ")}
        assert answer.status == 204 and allowed - {"head", "options"} == METHODS & set(item), path


def test_every_word_in_it_is_explained(walk):
    text = json.dumps(walk.document)
    names = set(walk.document["components"]["schemas"])
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used == names
    for method, path in operations(walk.document):
        assert walk.document["paths"][path][method]["summary"], path


def test_every_path_wants_a_key_unless_it_says_otherwise(walk):
    """The last: who comes with so many wrong keys is held off."""
    def is_open(method, path):
        return walk.document["paths"][path][method].get("security") == []

    for method, path in sorted(operations(walk.document), key=lambda each: not is_open(*each)):
        answer = walk.controller.ask(method.upper(), path, {}, key=False)
        assert answer.status in ((200, 403, 422) if is_open(method, path) else (401, 429)), path
