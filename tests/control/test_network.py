"""Places and nodes: who is one, who may become one, and who is one no more."""

import subprocess

import dns.message
import dns.rcode
import pytest

import stream
from controller import Controller
from server import free_port

NETWORK = """
[serve]
tls_listen = ["127.0.0.1:{tls_port}"]
[network]
url = "https://127.0.0.1:{api_port}"
primaries = ["127.0.0.1:{tls_port}"]
prefixes = ["203.0.113.0/24"]
addresses = ["203.0.113.53"]
asn = 65010
import = "all"
bfd_interval = "250ms"
"""


def network_sections(tls_port=None):
    return NETWORK.replace("{tls_port}", str(tls_port or free_port()))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A controller that servers can join."""
    with Controller(tmp_path_factory.mktemp("network"), network_sections(), tls=True) as controller:
        yield controller


def public_key(folder, name="a"):
    key = folder / f"{name}.key"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
                   check=True, capture_output=True)
    return subprocess.run(["openssl", "ec", "-in", key, "-pubout"], check=True,
                          capture_output=True, text=True).stdout


def make_pop(controller, name, **more):
    answer = controller.ask("POST", "/api/v1/pops", {"name": name, "city": "Singapore"} | more)
    assert answer.status == 201, answer.body
    return answer.json


def join(controller, token, folder, name="a"):
    body = {"token": token, "public_key": public_key(folder, name), "address": "127.0.0.1:5353"}
    return controller.ask("POST", "/api/v1/join", body, key=False)


def test_a_place_comes_with_a_token_for_its_first_node(network, tmp_path):
    pop = make_pop(network, "sin", neighbors=[
        {"name": "transit", "address": "198.51.100.1", "asn": 65001, "password": "secret"}])
    assert pop["join"]["node"] == "sin1"
    assert pop["join"]["command"].startswith("nearcast node join https://127.0.0.1:")
    assert pop["join"]["token"] in pop["join"]["command"]
    assert "--pin sha256/" in pop["join"]["command"]
    assert "password" not in pop["neighbors"][0]
    answer = join(network, pop["join"]["token"], tmp_path)
    assert answer.status == 201, answer.body
    identity = answer.json
    assert (identity["node"], identity["pop"]) == ("sin1", "sin")
    assert identity["routing"]["asn"] == 65010
    assert identity["routing"]["import"] == "all"
    assert identity["routing"]["bfd_interval"] == "250ms"
    assert identity["routing"]["neighbors"][0]["password"] == "secret"
    certificate, authority = tmp_path / "node.pem", tmp_path / "ca.pem"
    certificate.write_text(identity["certificate"])
    authority.write_text(identity["authority"])
    subprocess.run(["openssl", "verify", "-CAfile", authority, certificate], check=True)
    listed = network.ask("GET", "/api/v1/nodes").json
    assert [each["name"] for each in listed if each["pop"] == "sin"] == ["sin1"]
    assert network.ask("GET", "/api/v1/pops/sin").json["nodes"] == ["sin1"]


def test_a_token_is_good_once(network, tmp_path):
    token = make_pop(network, "fra")["join"]["token"]
    assert join(network, token, tmp_path).status == 201
    again = join(network, token, tmp_path, "b")
    unknown = join(network, "ncj_0000", tmp_path, "c")
    assert again.status == unknown.status == 403
    assert again.body == unknown.body


def test_guessing_tokens_is_held_off(tmp_path):
    with Controller(tmp_path, network_sections()) as controller:
        body = {"token": "ncj_1", "public_key": "", "address": "127.0.0.1:53"}
        statuses = {controller.ask("POST", "/api/v1/join", body, key=False).status
                    for _ in range(25)}
        assert statuses == {403, 429}


def test_a_key_that_is_none_uses_no_token(network, tmp_path):
    token = make_pop(network, "ams")["join"]["token"]
    body = {"token": token, "public_key": "nonsense", "address": "127.0.0.1:5353"}
    assert network.ask("POST", "/api/v1/join", body, key=False).status == 422
    assert join(network, token, tmp_path).status == 201


def test_a_token_is_asked_about_and_stays_good(network, tmp_path):
    token = make_pop(network, "osl")["join"]["token"]
    for _ in range(2):
        answer = network.ask("POST", "/api/v1/join/check", {"token": token}, key=False)
        assert answer.status == 200, answer.body
        told = answer.json
        [primary] = told.pop("primaries")
        assert primary.startswith("127.0.0.1:")
        assert told == {"node": "osl1", "pop": "osl", "daemon": "bird"}
    assert join(network, token, tmp_path).status == 201
    assert network.ask("POST", "/api/v1/join/check", {"token": token}, key=False).status == 403


def test_nobody_is_invited_to_announce_nothing(tmp_path):
    sections = network_sections().replace('prefixes = ["203.0.113.0/24"]', "prefixes = []")
    with Controller(tmp_path, sections.replace('addresses = ["203.0.113.53"]', "")) as controller:
        answer = controller.ask("POST", "/api/v1/pops", {"name": "sin"})
        assert answer.status == 409 and "prefixes" in answer.error
        assert controller.ask("GET", "/api/v1/pops").json == []


def test_a_revoked_node_leaves_its_name(network, tmp_path):
    assert join(network, make_pop(network, "lon")["join"]["token"], tmp_path).status == 201
    assert network.ask("DELETE", "/api/v1/pops/lon").status == 412
    assert network.ask("DELETE", "/api/v1/nodes/lon1").status == 204
    assert network.ask("DELETE", "/api/v1/nodes/lon1").status == 404
    assert network.ask("GET", "/api/v1/nodes/lon1").status == 404
    token = network.ask("POST", "/api/v1/pops/lon/tokens", {}).json
    assert token["node"] == "lon1"
    assert network.ask("DELETE", "/api/v1/pops/lon").status == 204
    assert network.ask("GET", "/api/v1/pops/lon").status == 404
    assert join(network, token["token"], tmp_path, "b").status == 403


def test_a_node_may_bring_a_certificate(network):
    make_pop(network, "nyc")
    node = {"name": "knot-nyc", "pop": "nyc", "address": "127.0.0.1:53",
            "pin": "sha256/tZwKQwmI6SBRYKMkggLnBYKB4wVNY7wFAy3amixfjJE="}
    assert network.ask("POST", "/api/v1/nodes", node).status == 201
    assert network.ask("POST", "/api/v1/nodes", node).status == 409
    assert network.ask("GET", "/api/v1/nodes/knot-nyc").json["state"] == "new"


def test_many_nodes_keep_their_connections(network, tmp_path):
    """All of them want what is new at the same time, and none is to come back for it later."""
    identity = join(network, make_pop(network, "waw")["join"]["token"], tmp_path).json
    for file, text in (("a.pem", "certificate"), ("ca.pem", "authority")):
        (tmp_path / file).write_text(identity[text])
    context = stream.tls_context(tmp_path / "ca.pem")
    context.load_cert_chain(tmp_path / "a.pem", tmp_path / "a.key")
    port = int(identity["primaries"][0].rpartition(":")[2])

    def rcode(connection, kind):
        wire = stream.ask(connection, stream.query(identity["catalog"], kind))
        return dns.message.from_wire(wire).rcode() if wire else "closed"

    connections = [stream.tls(port, context, identity["server_name"]) for _ in range(100)]
    for kind in ("AXFR", "SOA"):
        rcodes = [rcode(connection, kind) for connection in connections]
        assert rcodes == [dns.rcode.NOERROR] * len(connections)
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("wrong", [
    {"name": "Sin"}, {"name": ""}, {"name": "x", "asn": -1}, {"name": "x", "city": "x" * 101},
    {"name": "x", "neighbors": [{"name": "a", "address": "nowhere", "asn": 1}]},
    {"name": "x", "neighbors": [{"name": "a", "address": "192.0.2.1", "asn": 1,
                                 "password": 'a"b'}]},
    {"name": "x", "node": "X"}, {"name": "x", "expires_in": 10**9}],
    ids=["name", "no-name", "asn", "city", "address", "password", "node", "expires"])
def test_what_is_wrong_with_a_place_makes_none(network, wrong):
    assert network.ask("POST", "/api/v1/pops", wrong).status == 422
    assert network.ask("GET", "/api/v1/pops/x").status == 404


def test_the_network_is_not_for_keys_with_limits(network):
    limited = network.ask("POST", "/api/v1/keys", {"name": "x", "zones": ["example.org"]}).json
    for path in ("/api/v1/pops", "/api/v1/nodes", "/api/v1/pops/sin", "/api/v1/nodes/none"):
        assert network.ask("GET", path, key=limited["key"]).status == 403


def test_what_was_done_is_in_the_audit_log(network):
    make_pop(network, "par")
    actions = [each["action"] for each in network.ask("GET", "/api/v1/audit?limit=10").json]
    assert {"pop.create", "node.invite"} <= set(actions)
    assert network.ask("GET", "/api/v1/audit/verdict").json["broken_at"] is None
