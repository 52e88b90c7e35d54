"""DNSSEC from the API to who validates: nodes, other servers, keys that roll, kills, a token."""

import json

import pytest

import peers
from conftest import new_schema
from controller import Controller, delete, program, replace
from server import free_port
from nodes import Node
from signing import (BRISK, ZONE, Judge, Parent, run, serves_signed, signed_records,
                     signing_section, soa, status, wait_for_state)
from test_network import network_sections
from test_nodes import World

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
HOST = "www." + ZONE


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def parent(tmp_path):
    with Parent(tmp_path / "parent").begin() as server:
        yield server


def create(controller, *rrsets, **more):
    sets = [replace(ZONE, "NS", "ns1.example.net.", ttl=1), replace(HOST, "A", "192.0.2.1", ttl=1)]
    controller.create(ZONE, nameservers=[], rrsets=[*rrsets, *sets], **more)


def enable(controller, **choices):
    answer = controller.ask("PUT", f"/api/v1/signing/{ZONE}", {"enabled": True} | choices)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.parametrize("nsec3param", ["", "1 0 0 -"])
def test_a_node_gives_out_what_validators_take(world, tmp_path, database, nsec3param):
    with world.controller(database) as controller, world.node() as node:
        create(controller)
        peers.wait_until(lambda: peers.serial_at(node.port, ZONE) is not None, "the zone", 60)
        enable(controller, nsec3param=nsec3param)
        peers.wait_until(serves_signed(node.port, HOST, "A", "192.0.2.1"), "signatures", 60)
        judge = Judge(controller, tmp_path)
        judge.answers(node.port, HOST, "A")
        judge.denies(node.port, "none." + ZONE, "A")
        judge.denies(node.port, HOST, "MX")
        judge.whole(controller.port)
        controller.patch(replace("new." + ZONE, "A", "192.0.2.7"), delete(HOST, "A"), zone=ZONE)
        peers.wait_until(serves_signed(node.port, "new." + ZONE, "A", "192.0.2.7"), "the edit", 60)
        judge.answers(node.port, "new." + ZONE, "A")
        judge.denies(node.port, HOST, "A")
        judge.whole(controller.port)


def test_an_edit_is_published_with_its_own_signatures(tmp_path):
    with World(tmp_path).controller() as controller:
        create(controller, dnssec=True)
        peers.wait_until(serves_signed(controller.port, HOST, "A", "192.0.2.1"), "signatures", 60)
        before = set(peers.transfer(controller.port, ZONE))
        controller.patch(replace(HOST, "A", "192.0.2.2", ttl=1), zone=ZONE)
        peers.wait_until(serves_signed(controller.port, HOST, "A", "192.0.2.2"), "the edit", 60)
        added = set(peers.transfer(controller.port, ZONE)) - before
        assert len([line for line in added if " RRSIG " in line]) == 2, "of the set, and the SOA"
        zone = controller.ask("GET", f"/zones/{ZONE}").json
        assert zone["dnssec"] is True
        assert zone["edited_serial"] == peers.serial_at(controller.port, ZONE)


@pytest.mark.parametrize("peer", [peers.Knot, peers.Bind, peers.Nsd],
                         ids=lambda peer: peer.program)
def test_other_servers_pull_it_and_what_they_serve_validates(world, peer, tmp_path):
    theirs = peer(tmp_path / "peer")
    world.node_ports = [theirs.port]
    with world.controller() as controller:
        create(controller, dnssec=True, nsec3param="1 0 0 -")
        peers.wait_until(serves_signed(controller.port, HOST, "A", "192.0.2.1"), "signatures", 60)
        with theirs.as_secondary(ZONE.rstrip("."), controller.port):
            peers.wait_until(serves_signed(theirs.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            judge = Judge(controller, tmp_path)
            judge.answers(theirs.port, HOST, "A")
            judge.denies(theirs.port, "none." + ZONE, "A")
            controller.patch(replace(HOST, "A", "192.0.2.2", ttl=1), zone=ZONE)
            peers.wait_until(serves_signed(theirs.port, HOST, "A", "192.0.2.2"), "the edit", 60)
            judge.answers(theirs.port, HOST, "A")


def test_a_key_rolls_as_the_parent_follows(tmp_path, parent):
    """Enabled, trusted, rolled to another algorithm, and back to no DNSSEC at all."""
    world = World(tmp_path)
    with world.controller(more=signing_section(parent.port)) as controller:
        create(controller, BRISK)
        peers.wait_until(lambda: peers.serial_at(controller.port, ZONE) is not None, "it", 60)
        first = enable(controller)
        assert first["ds"] == [], "caches may still have the zone without signatures"
        wait_for_state(controller, "waiting_for_parent")
        told = status(controller)
        assert len(told["ds"]) == 1
        peers.wait_until(lambda: signed_records(controller.port, ZONE, "CDS") is not None,
                         "its publication", 60)
        parent.set_ds(told["ds"])
        wait_for_state(controller, "secure")

        rolling = controller.ask("POST", f"/api/v1/signing/{ZONE}/rollover", {"role": "csk"})
        assert rolling.status == 200, rolling.body
        again = controller.ask("POST", f"/api/v1/signing/{ZONE}/rollover", {"role": "csk"})
        assert again.status == 409, "one at a time"
        wait_for_state(controller, "waiting_for_parent")
        told = status(controller)
        assert len(told["own_keys"]) == 2, "the old key stays until the parent has the new one"
        Judge(controller, tmp_path).whole(controller.port, by_knot=False)
        parent.set_ds(told["ds"])
        peers.wait_until(lambda: len(status(controller)["own_keys"]) == 1, "the old key's end", 60)
        assert status(controller)["own_keys"][0]["id"] != first["own_keys"][0]["id"]

        enable(controller, algorithm="ED25519")
        wait_for_state(controller, "waiting_for_parent")
        parent.set_ds(status(controller)["ds"])
        peers.wait_until(lambda: [key["algorithm"] for key in status(controller)["own_keys"]]
                         == ["ED25519"], "the old algorithm's end", 60)
        Judge(controller, tmp_path).whole(controller.port)

        assert controller.ask("PUT", f"/zones/{ZONE}", {"dnssec": False}).status == 204
        peers.wait_until(lambda: signed_records(controller.port, ZONE, "CDS") == ["0 0 0 00"],
                         "the wish to delete", 60)
        assert status(controller)["state"] == "leaving"
        parent.set_ds([])
        wait_for_state(controller, "unsigned")
        assert controller.ask("GET", f"/zones/{ZONE}/cryptokeys").json == []
        peers.wait_until(lambda: signed_records(controller.port, HOST, "A") is None, "it", 60)


HOST_ZONE = "prov.test."
SERVER = "ns1." + HOST_ZONE
SIGNAL = f"_dsboot.{ZONE}_signal.{SERVER}"


def test_a_first_ds_can_be_asked_for_where_the_name_server_is(tmp_path, parent):
    """RFC 9615: the CDS and CDNSKEY of a zone stand, signed, in the zone of its name server."""
    with World(tmp_path).controller(more=signing_section(parent.port)) as controller:
        brisk_soa = BRISK | {"name": HOST_ZONE}
        controller.create(HOST_ZONE, nameservers=[], dnssec=True, rrsets=[
            brisk_soa, replace(HOST_ZONE, "NS", SERVER, ttl=1),
            replace(SERVER, "A", "192.0.2.53", ttl=1)])
        controller.create(ZONE, nameservers=[], dnssec=True, rrsets=[
            BRISK, replace(ZONE, "NS", SERVER, ttl=1), replace(HOST, "A", "192.0.2.1", ttl=1)])
        wait_for_state(controller, "waiting_for_parent")

        def shows_the_wish():
            """Whatever the apex has, while that is the DS that the API tells."""
            apex, there = ([signed_records(controller.port, name, kind)
                            for kind in ("CDS", "CDNSKEY")] for name in (ZONE, SIGNAL))
            return apex[0] and apex == there and apex[0] == [
                each.lower() for each in map(str, status(controller)["ds"])]

        def is_gone():
            return signed_records(controller.port, SIGNAL, "CDS") is None

        peers.wait_until(shows_the_wish, "the signal", 60)
        first = signed_records(controller.port, SIGNAL, "CDS")
        judge = Judge(controller, tmp_path, HOST_ZONE)
        judge.answers(controller.port, SIGNAL, "CDS")
        judge.answers(controller.port, SIGNAL, "CDNSKEY")
        judge.whole(controller.port, by_knot=False)
        controller.patch(replace("www." + HOST_ZONE, "A", "192.0.2.54", ttl=1), zone=HOST_ZONE)
        peers.wait_until(serves_signed(controller.port, "www." + HOST_ZONE, "A", "192.0.2.54"),
                         "an edit beside it", 60)
        assert shows_the_wish()
        controller.kill()
        controller.start()
        peers.wait_until(shows_the_wish, "the signal after a kill", 60)

        parent.set_ds(status(controller)["ds"])
        wait_for_state(controller, "secure")
        peers.wait_until(is_gone, "the end of what was heeded", 60)
        judge.denies(controller.port, SIGNAL, "CDS")
        parent.set_ds([])
        peers.wait_until(shows_the_wish, "the signal for a parent without DS", 60)

        assert controller.ask("PUT", f"/zones/{ZONE}", {"dnssec": False}).status == 204
        wait_for_state(controller, "unsigned")
        peers.wait_until(is_gone, "the end with DNSSEC", 60)
        enable(controller)
        wait_for_state(controller, "waiting_for_parent")
        peers.wait_until(shows_the_wish, "the signal of another key", 60)
        assert signed_records(controller.port, SIGNAL, "CDS") != first
        judge.answers(controller.port, SIGNAL, "CDS")
        judge.whole(controller.port, by_knot=False)
        assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
        peers.wait_until(is_gone, "the end with the zone", 60)
        judge.denies(controller.port, SIGNAL, "CDS")
        judge.whole(controller.port)


def keys_of(controller):
    return [(key["id"], key["dnskey"], key["active"])
            for key in controller.ask("GET", f"/zones/{ZONE}/cryptokeys").json]


def test_a_kill_loses_no_key_and_no_step(tmp_path, database, parent):
    world = World(tmp_path)
    with world.controller(database, signing_section(parent.port)) as controller:
        create(controller, BRISK, dnssec=True)
        peers.wait_until(lambda: keys_of(controller), "a key", 60)
        seen = {}
        serial = 0
        for _ in range(6):  # At whatever step it is: nothing, published, asked of the parent.
            controller.kill()
            controller.start()
            peers.wait_until(lambda: keys_of(controller), "the keys", 60)
            seen |= {number: dnskey for number, dnskey, _ in keys_of(controller)}
            peers.wait_until(serves_signed(controller.port, HOST, "A", "192.0.2.1"), "it", 60)
            Judge(controller, tmp_path).answers(controller.port, HOST, "A")
            now = peers.serial_at(controller.port, ZONE)
            assert now >= serial, "the serial never goes back"
            serial = now
        assert len(seen) == 1, "the same key all the time"
        wait_for_state(controller, "waiting_for_parent")
        parent.set_ds(status(controller)["ds"])
        wait_for_state(controller, "secure")
        controller.ask("POST", f"/api/v1/signing/{ZONE}/rollover", {"role": "csk"})
        controller.kill()
        controller.start()
        peers.wait_until(lambda: len(keys_of(controller)) == 2, "both keys", 60)
        wait_for_state(controller, "waiting_for_parent")
        parent.set_ds(status(controller)["ds"])
        peers.wait_until(lambda: len(keys_of(controller)) == 1, "the end of the old key", 60)
        Judge(controller, tmp_path).whole(controller.port)


def test_signatures_are_renewed_on_a_timer(tmp_path):
    """With a life of seconds: they are renewed again and again, and never end."""
    more = signing_section(free_port(), 'renewal_interval = "2s"\njitter = "1s"\nslack = "4s"\n')
    with World(tmp_path).controller(more=more) as controller:
        create(controller, BRISK, dnssec=True)
        peers.wait_until(serves_signed(controller.port, HOST, "A", "192.0.2.1"), "it", 60)
        judge = Judge(controller, tmp_path)
        serials = set()
        for _ in range(4):
            now = peers.serial_at(controller.port, ZONE)
            serials.add(now)
            judge.answers(controller.port, HOST, "A")
            peers.wait_until(lambda: peers.serial_at(controller.port, ZONE) > now, "renewal", 60)
        assert len(serials) == 4


def test_two_controllers_on_one_database_sign_with_the_same_keys(tmp_path):
    connection = new_schema()
    key_file = tmp_path / "signing.key"
    more = signing_section(free_port(), f'key_file = "{key_file}"\n')
    first = Controller(tmp_path / "a", more, connection)
    second = Controller(tmp_path / "b", more, connection)
    second.config.write_text(second.config.read_text().replace('name = "test"', 'name = "second"'))
    with first:
        (tmp_path / "b/state").mkdir()
        (tmp_path / "b/state/admin.key").write_text(first.key)
        with second:
            create(first, BRISK, dnssec=True)
            for each in (first, second):
                peers.wait_until(serves_signed(each.port, HOST, "A", "192.0.2.1"), "it", 60)
            peers.wait_until(lambda: keys_of(first) and keys_of(first) == keys_of(second),
                             "the same keys", 60)
            assert signed_records(first.port, ZONE, "DNSKEY") == \
                signed_records(second.port, ZONE, "DNSKEY")


def test_another_controller_takes_the_lead_of_one_that_is_killed(tmp_path, parent):
    connection = new_schema()
    more = signing_section(parent.port, f'key_file = "{tmp_path / "signing.key"}"\n')
    first = Controller(tmp_path / "a", more, connection)
    second = Controller(tmp_path / "b", more, connection)
    second.config.write_text(second.config.read_text().replace('name = "test"', 'name = "second"'))
    first.start()
    try:
        assert any("signing_led" in line for line in first.log), "the first one leads"
        (tmp_path / "b/state").mkdir()
        (tmp_path / "b/state/admin.key").write_text(first.key)
        with second:
            assert not any("signing_led" in line for line in second.log)
            create(second, BRISK, dnssec=True)
            wait_for_state(first, "waiting_for_parent")
            parent.set_ds(status(first)["ds"])
            wait_for_state(first, "secure")
            first.kill()
            second.wait_for_event("signing_led")
            # What follows takes steps that nobody asks for.
            rolling = second.ask("POST", f"/api/v1/signing/{ZONE}/rollover", {"role": "csk"})
            assert rolling.status == 200, rolling.body
            wait_for_state(second, "waiting_for_parent")
            parent.set_ds(status(second)["ds"])
            peers.wait_until(lambda: len(status(second)["own_keys"]) == 1, "the old key's end", 60)
            assert serves_signed(second.port, HOST, "A", "192.0.2.1")()
    finally:
        if first.process.poll() is None:
            first.kill()


def test_keys_move_on_once_all_nodes_have_them(tmp_path, parent):
    """The zone may be served for a week by who is cut off; nobody waits for that."""
    sections = network_sections() + signing_section(parent.port)
    with Controller(tmp_path / "control", sections) as controller, \
            Node(tmp_path / "node", controller, "sin"):
        create(controller, soa("3600 600 604800 1"), dnssec=True)
        wait_for_state(controller, "waiting_for_parent")
        parent.set_ds(status(controller)["ds"])
        wait_for_state(controller, "secure")
        assert controller.ask("POST", f"/api/v1/signing/{ZONE}/rollover",
                              {"role": "csk"}).status == 200
        wait_for_state(controller, "waiting_for_parent")


@pytest.fixture
def token(tmp_path, monkeypatch):
    """What [signing] says of a new token of SoftHSM."""
    folder = tmp_path / "token"
    folder.mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {folder}\n")
    (tmp_path / "pin").write_text("1234\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm.conf"))
    made = run("softhsm2-util", "--init-token", "--free", "--label", "nearcast", "--pin", "1234",
               "--so-pin", "5678")
    assert made.returncode == 0, made.stderr
    return (f'pkcs11_module = "{MODULE}"\npkcs11_token = "nearcast"\n'
            f'pkcs11_pin_file = "{tmp_path / "pin"}"\n')


def test_a_token_keeps_the_keys(tmp_path, token):
    more = signing_section(free_port(), token)
    with World(tmp_path).controller(more=more) as controller:
        create(controller, dnssec=True)
        for _ in range(2):
            peers.wait_until(serves_signed(controller.port, HOST, "A", "192.0.2.1"), "it", 60)
            Judge(controller, tmp_path).whole(controller.port)
            controller.kill()
            controller.start()
        listed = run("pkcs11-tool", "--module", MODULE, "--token-label", "nearcast", "--login",
                     "--pin", "1234", "--list-objects", "--type", "privkey")
        assert listed.stdout.count("Private Key Object") == 1, listed.stdout + listed.stderr
        assert f"{ZONE} " in listed.stdout and "never extractable" in listed.stdout


SAID = "keys of ED25519 cannot be in the token nearcast"


def test_an_algorithm_that_the_token_cannot_hold_is_refused(tmp_path, token):
    """It would be tried for ever. A zone goes on that had it before there was a token."""
    path, other = f"/api/v1/signing/{ZONE}", "/api/v1/signing/other.test."
    controller = World(tmp_path).controller(more=signing_section(free_port()))
    with controller:
        create(controller)
        enable(controller, algorithm="ED25519")
        controller.create("other.test.", nameservers=["ns1.example.net."])
    text = controller.config.read_text()
    controller.config.write_text(text.replace("[signing]\n", "[signing]\n" + token))
    with controller:
        assert enable(controller, zsk_lifetime=86400)["choices"]["algorithm"] == "ED25519"
        for method, where, body in (
                ("PUT", path, {"keys": "split"}),
                ("POST", f"{path}/rollover", {"role": "csk"}),
                ("PUT", other, {"algorithm": "ED25519"}),
                ("PUT", other, {"enabled": True, "algorithm": 15}),
                ("POST", "/zones/other.test./cryptokeys", {"keytype": "csk", "algorithm": 15})):
            refused = controller.ask(method, where, body)
            assert refused.status == 422, (where, body, refused.body)
            assert refused.error == (f"algorithm: {SAID}; try: RSASHA256, RSASHA512, "
                                     "ECDSAP256SHA256, ECDSAP384SHA384"), refused.body
        assert controller.ask("GET", other).json["state"] == "unsigned"
        enable(controller, algorithm="ECDSAP256SHA256")
        last = controller.ask("GET", f"/api/v1/changes?zone={ZONE}&limit=1").json[0]
        back = controller.ask("POST", f"/api/v1/changes/{last['sequence']}/revert", {})
        assert back.status == 422 and SAID in back.error, back.body


def test_a_start_refuses_an_algorithm_that_the_token_cannot_hold(tmp_path, token):
    section = signing_section(free_port(), f'{token}algorithm = "ED25519"')
    config = World(tmp_path).controller(more=section).config
    for options, status in (("--check",), 2), ((), 1):
        refused = run(program("nearcast-control"), "--config", config, *options)
        assert refused.returncode == status, refused.stderr
        assert f"algorithm in [signing]: {SAID}" in refused.stderr
        assert "try: RSASHA256" in refused.stderr


def test_what_a_token_does_not_list_it_cannot_hold(tmp_path, token):
    with (tmp_path / "softhsm.conf").open("a") as conf:
        conf.write("slots.mechanisms = CKM_RSA_PKCS,CKM_RSA_PKCS_KEY_PAIR_GEN\n")
    section = signing_section(free_port(), token)
    config = World(tmp_path).controller(more=section).config
    refused = run(program("nearcast-control"), "--config", config, "--check")
    assert refused.returncode == 2 and "try: RSASHA256, RSASHA512\n" in refused.stderr, refused.stderr
    more = section.replace("[signing]\n", '[signing]\nalgorithm = "RSASHA256"\n')
    config.write_text(config.read_text().replace(section, more))
    assert run(program("nearcast-control"), "--config", config, "--check").returncode == 0


def test_keys_at_rest_are_sealed_and_need_their_file(tmp_path):
    controller = World(tmp_path).controller()
    with controller:
        create(controller, dnssec=True)
        peers.wait_until(lambda: keys_of(controller), "a key", 60)
    state = tmp_path / "control/state"
    assert (state / "signing.key").stat().st_mode & 0o777 == 0o600
    for file in state.rglob("*"):
        if file.is_file() and file.name not in ("api.key", "signing.key"):
            assert b"PRIVATE KEY" not in file.read_bytes(), file
    (state / "signing.key").rename(tmp_path / "kept")
    refused = run(program("nearcast-control"), "--config", controller.config)
    assert refused.returncode == 1 and "sealed under it" in refused.stderr, refused.stderr
    for other in ("damaged\n", "ab" * 32):
        (state / "signing.key").write_text(other)
        refused = run(program("nearcast-control"), "--config", controller.config)
        assert refused.returncode == 1 and "bring it back from its backup" in refused.stderr
        assert "openssl rand" not in refused.stderr
    (tmp_path / "kept").rename(state / "signing.key")
    with controller:
        peers.wait_until(lambda: len(keys_of(controller)) == 1, "the key again", 20)




# --- The API as clients of PowerDNS know it ---

def test_cryptokeys_are_those_of_powerdns_clients(tmp_path):
    with World(tmp_path).controller() as controller:
        create(controller)
        path = f"/zones/{ZONE}/cryptokeys"
        assert controller.ask("GET", path).json == []
        made = controller.ask("POST", path, {"keytype": "ksk", "active": True})
        assert made.status == 201, made.body
        key = made.json
        assert key["keytype"] == "csk", "a lone key signs all"
        assert (key["type"], key["active"], key["published"], key["flags"], key["bits"]) == (
            "Cryptokey", True, True, 257, 256)
        assert key["algorithm"] == "ECDSAP256SHA256" and key["dnskey"].startswith("257 3 13 ")
        assert key["ds"] == [] and controller.ask("GET", f"/zones/{ZONE}").json["dnssec"] is True
        one = f"{path}/{key['id']}"
        assert controller.ask("GET", one).json == key
        assert controller.ask("GET", path).json == [key]
        assert controller.ask("PUT", one, {"active": True, "published": True}).status == 204
        assert controller.ask("PUT", one, {"active": False}).status == 422
        split = controller.ask("POST", path, {"keytype": "zsk", "active": True, "algorithm": 13})
        assert split.status == 201 and split.json["flags"] == 256, split.body
        roles = {each["keytype"] for each in controller.ask("GET", path).json}
        assert {"ksk", "zsk"} <= roles, "the old one may stay for as long as caches may have it"
        assert controller.ask("DELETE", f"{path}/{10**6}").status == 404
        assert controller.ask("GET", f"{path}/x").status == 404
        zsk = split.json["id"]
        assert controller.ask("DELETE", f"{path}/{zsk}").status == 204, "another takes its place"
        assert zsk < max(each["id"] for each in controller.ask("GET", path).json)
        ksk = next(each for each in controller.ask("GET", path).json if each["keytype"] == "ksk")
        assert controller.ask("DELETE", f"{path}/{ksk['id']}").status == 204
        peers.wait_until(lambda: not any(each["published"] or each["active"]
                                         for each in controller.ask("GET", path).json),
                         "no key in use", 60)
        assert controller.ask("GET", f"/zones/{ZONE}").json["dnssec"] is False


def test_no_private_key_is_given_or_taken(tmp_path):
    with World(tmp_path).controller() as controller:
        create(controller, dnssec=True)
        path = f"/zones/{ZONE}/cryptokeys"
        peers.wait_until(lambda: controller.ask("GET", path).json, "a key", 60)
        number = controller.ask("GET", path).json[0]["id"]
        for each in (path, f"{path}/{number}", f"{path}/{number}?privatekey=true",
                     f"/api/v1/signing/{ZONE}", f"/zones/{ZONE}", f"/zones/{ZONE}/export",
                     "/api/v1/changes/1", "/api/v1/audit", "/api/v1/openapi.json"):
            body = controller.ask("GET", each).body.decode().lower()
            assert "private key" not in body.replace("without its private", ""), each
            assert '"privatekey"' not in body and "private-key-format" not in body, each
        for content in ("content", "privatekey"):
            brought = controller.ask("POST", path, {"keytype": "csk", "active": True,
                                                    content: "Private-key-format: v1.2"})
            assert brought.status == 422, brought.body
        assert len(controller.ask("GET", path).json) == 1


def test_what_cannot_be_is_refused_and_changes_nothing(tmp_path):
    with World(tmp_path).controller() as controller:
        create(controller)
        before = controller.ask("GET", f"/api/v1/signing/{ZONE}").json
        assert before["state"] == "unsigned"
        for body in ({"algorithm": "RSAMD5"}, {"keys": "many"}, {"nsec3param": "1 0 999 -"},
                     {"enabled": "yes"}, {"zsk_lifetime": -1}, {"zsk_lifetime": "86400"}, {"zonemd": ["sha384"]}):
            answer = controller.ask("PUT", f"/api/v1/signing/{ZONE}", body)
            assert answer.status == 422 and answer.error, body
        for body in ({}, {"keytype": "tsk"}, {"keytype": "csk", "active": False},
                     {"keytype": "csk", "algorithm": "dsa"}):
            assert controller.ask("POST", f"/zones/{ZONE}/cryptokeys", body).status == 422, body
        for body in ({"nsec3param": "2 0 0 -"}, {"nsec3narrow": True}):
            assert controller.ask("PUT", f"/zones/{ZONE}", body).status == 422, body
        long = ".".join(["l" * 63] * 3 + ["k" * 31]) + "."  # No hash has room in front of it.
        made = {"name": long, "kind": "Native", "nameservers": ["ns1.example.net."]}
        hashed = {"nsec3param": "1 0 0 -"}
        assert controller.ask("POST", "/zones", made | hashed).status == 422
        controller.create(long)
        for path in (f"/api/v1/signing/{long}", f"/zones/{long}"):
            refused = controller.ask("PUT", path, hashed)
            assert refused.status == 422 and "too long" in refused.error, refused.body
        roll = f"/api/v1/signing/{ZONE}/rollover"
        assert controller.ask("POST", roll, {"role": "csk"}).status == 422, "nothing to roll"
        assert controller.ask("POST", roll, {}).status == 422
        assert controller.ask("GET", "/api/v1/signing/none.example.").status == 404
        assert controller.ask("GET", f"/api/v1/signing/{ZONE}").json == before
        limited = controller.ask("POST", "/api/v1/keys", {
            "name": "reader", "right": "read", "zones": ["other.example"]}).json["key"]
        assert controller.ask("GET", f"/api/v1/signing/{ZONE}", key=limited).status == 403
        assert json.loads(controller.ask("GET", "/api/v1/audit").body)
