"""Dynamic update at the controller: the same access, quotas and history as the API."""

import base64
import json
import sqlite3
import ssl
import subprocess
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update
import dns.xfr
import dns.zone
import pytest

import peers
import updates
from conftest import new_schema
from controller import Controller, replace
from server import free_port
from updates import answers, update

ZONE = "example.com."
PROGRAMS = pytest.mark.parametrize("program", ["nsupdate", "knsupdate"])
ADD = [f"update add new.{ZONE} 60 A 192.0.2.70"]


class Key:
    """A TSIG key of the controller, as the API made it."""

    def __init__(self, controller, name="update.example", key=True, **limits):
        body = {"name": name, "algorithm": "hmac-sha256"} | limits
        answer = controller.ask("POST", "/tsigkeys", body, key=key)
        assert answer.status == 201, answer.body
        self.name, self.secret = name, answer.json["key"]
        self.text = f"hmac-sha256:{name}:{self.secret}"

    @property
    def ring(self):
        return dns.tsigkeyring.from_text({self.name: self.secret})

    def message(self, zone=ZONE):
        return dns.update.UpdateMessage(zone, keyring=self.ring, keyname=dns.name.from_text(self.name),
                                        keyalgorithm=dns.tsig.HMAC_SHA256)

    def transfer(self, port, zone=ZONE):
        messages = dns.query.xfr("127.0.0.1", zone, port=port, relativize=False, lifetime=30,
                                 keyring=self.ring, keyname=self.name,
                                 keyalgorithm=dns.tsig.HMAC_SHA256)
        return dns.zone.from_xfr(messages, relativize=False)


@pytest.fixture
def key(controller):
    """One that may change everything, with a zone to change; the only one there is."""
    for each in controller.ask("GET", "/tsigkeys").json:
        assert controller.ask("DELETE", f"/tsigkeys/{each['id']}").status == 204
    controller.create(rrsets=[replace("mail." + ZONE, "A", "192.0.2.25"),
                              replace("www." + ZONE, "CNAME", "mail." + ZONE)])
    peers.wait_until(lambda: peers.serial_at(controller.port, ZONE) is not None, "the zone")
    return Key(controller)


def history(controller, zone=ZONE):
    return controller.ask("GET", f"/api/v1/changes?zone={zone}").json


def refused(controller, key, lines=ADD, rcode="REFUSED", zone=ZONE):
    """The update is refused, and nothing has changed."""
    before = history(controller)
    status, text = update("nsupdate", controller.port, lines, zone, key=key)
    assert status != 0 and rcode in text, text
    assert history(controller) == before


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@PROGRAMS
def test_records_come_and_go(controller, key, program, tcp):
    def change(*lines):
        status, text = update(program, controller.port, lines, ZONE, tcp, key.text)
        assert status == 0, text

    change(f"prereq nxdomain new.{ZONE}", f"prereq yxrrset mail.{ZONE} A 192.0.2.25",
           f"update add new.{ZONE} 60 A 192.0.2.70", f"update add new.{ZONE} 60 A 192.0.2.71",
           f'update add new.{ZONE} 60 TXT "two words" "and \\"more\\""',
           f"update add new.{ZONE} 60 MX 10 mail.{ZONE}",
           f"update add new.{ZONE} 60 TYPE65280 \\# 3 010203",
           f"update add {ZONE} 60 CAA 0 issue ca.example.net",
           f"update delete mail.{ZONE}")
    assert answers(controller.port, f"new.{ZONE}", "A") == ["192.0.2.70", "192.0.2.71"]
    assert answers(controller.port, f"new.{ZONE}", "TXT") == ['"two words" "and \\"more\\""']
    assert answers(controller.port, f"new.{ZONE}", "TYPE65280") == ["\\# 3 010203"]
    assert controller.rrset("new." + ZONE, "MX") == ["10 mail." + ZONE]
    assert controller.rrset("mail." + ZONE, "A") is None
    change(f"update delete new.{ZONE} A 192.0.2.70", f"update delete new.{ZONE} MX")
    assert controller.rrset("new." + ZONE, "A") == ["192.0.2.71"]
    assert controller.rrset("new." + ZONE, "MX") is None
    change(f"update delete new.{ZONE}")
    assert answers(controller.port, f"new.{ZONE}", "TXT") == []


@PROGRAMS
@pytest.mark.parametrize("prerequisite, rcode", [
    (f"prereq yxdomain none.{ZONE}", "NXDOMAIN"),
    (f"prereq nxdomain mail.{ZONE}", "YXDOMAIN"),
    (f"prereq yxrrset mail.{ZONE} TXT", "NXRRSET"),
    (f"prereq nxrrset mail.{ZONE} A", "YXRRSET"),
    (f"prereq yxrrset mail.{ZONE} A 192.0.2.99", "NXRRSET"),
])
def test_a_prerequisite_that_fails_changes_nothing(controller, key, program, prerequisite, rcode):
    before = history(controller)
    status, text = update(program, controller.port, [prerequisite, *ADD], ZONE, key=key.text)
    assert status != 0 and rcode in text.upper(), text
    assert history(controller) == before


def test_the_soa_is_the_one_that_is_served(controller, key):
    soa, = answers(controller.port, ZONE, "SOA")
    status, text = update("nsupdate", controller.port,
                          [f"prereq yxrrset {ZONE} SOA {soa}", *ADD], ZONE, key=key.text)
    assert status == 0, text
    refused(controller, key.text, [f"prereq yxrrset {ZONE} SOA {soa}",
                                   f"update delete new.{ZONE}"], "NXRRSET")
    words = answers(controller.port, ZONE, "SOA")[0].split()
    words[2] = str(int(words[2]) + 1000)
    sent = f"update add {ZONE} 3600 SOA {' '.join(words)}"
    status, text = update("nsupdate", controller.port, [sent], ZONE, key=key.text)
    assert status == 0 and peers.serial_at(controller.port, ZONE) == int(words[2]), text
    before = history(controller)
    words[2] = str(int(words[2]) - 1)  # Of one that is not later nothing is taken.
    status, text = update("nsupdate", controller.port,
                          [f"update add {ZONE} 3600 SOA {' '.join(words)}"], ZONE, key=key.text)
    assert status == 0 and history(controller) == before, text


def test_the_history_tells_who_and_what(controller, key):
    status, text = update("nsupdate", controller.port, ADD, ZONE, key=key.text)
    assert status == 0, text
    newest = history(controller)[0]
    assert (newest["actor"], newest["source"]) == ("update:update.example.", "127.0.0.1")
    diff = controller.ask("GET", f"/api/v1/changes/{newest['sequence']}").json["diff"]
    assert [each["after"]["name"] for each in diff["rrsets"]] == ["new." + ZONE]
    assert newest["new_serial"] > newest["old_serial"]
    audit = controller.ask("GET", "/api/v1/audit").json
    assert any(entry["actor"] == "update:update.example." for entry in audit)
    assert controller.ask("GET", "/api/v1/audit/verdict").json["broken_at"] is None
    revert = controller.ask("POST", f"/api/v1/changes/{newest['sequence']}/revert", {})
    assert revert.status < 300 and controller.rrset("new." + ZONE, "A") is None


def test_an_update_that_comes_twice_is_one_change(controller, key):
    """As a client sends it whose answer was lost."""
    message = key.message()
    message.add("new", 60, "A", "192.0.2.70")
    message.delete("mail", "A")
    before = history(controller)
    for _ in range(2):
        assert dns.query.udp(message, "127.0.0.1", port=controller.port,
                             timeout=10).rcode() == dns.rcode.NOERROR
    assert history(controller)[1:] == before


def test_what_is_disabled_is_not_there_and_stays(controller, key):
    records = [{"content": "192.0.2.1", "disabled": False}, {"content": "192.0.2.2", "disabled": True}]
    assert controller.patch(replace("part." + ZONE, "A", ttl=60) | {"records": records}).status == 204
    status, text = update("nsupdate", controller.port, [
        f"prereq yxrrset part.{ZONE} A 192.0.2.1", f"update delete part.{ZONE} A"], ZONE,
        key=key.text)
    assert status == 0, text
    rrsets = controller.ask("GET", f"/zones/{ZONE}").json["rrsets"]
    part, = (each for each in rrsets if each["name"] == "part." + ZONE)
    assert part["records"] == [records[1]]


@pytest.mark.parametrize("limits, lines", [
    ({"right": "read"}, ADD),
    ({"zones": ["example.net"]}, ADD),
    ({"names": ["subtree:dyn.example.com"]}, ADD),
    ({"types": ["TXT"]}, ADD),
    ({"types": ["A"]}, [f"update delete mail.{ZONE}"]),
    ({"names": ["new.example.com"]}, [*ADD, f"update add other.{ZONE} 60 A 192.0.2.1"]),
    ({"sources": ["192.0.2.0/24"]}, ADD),
])
def test_a_key_goes_no_further_than_its_limits(controller, key, limits, lines):
    limited = Key(controller, "limited.example", **limits)
    refused(controller, limited.text, lines)


def test_a_key_is_good_to_its_end(controller, key):
    soon = int(time.time()) + 2
    limited = Key(controller, "limited.example", expires_at=soon)
    peers.wait_until(lambda: time.time() >= soon, "its end", 60)
    refused(controller, limited.text, ADD)


def test_a_key_goes_as_far_as_its_limits(controller, key):
    acme = Key(controller, "acme.example", zones=["example.com"], types=["TXT"],
               names=["match:_acme-challenge.*.example.com"], sources=["127.0.0.0/8"],
               expires_at=int(time.time()) + 3600)
    status, text = update("nsupdate", controller.port,
                          [f"update add _acme-challenge.www.{ZONE} 60 TXT proof"], ZONE,
                          key=acme.text)
    assert status == 0, text


def test_strangers_are_turned_away(controller, key):
    refused(controller, None)
    refused(controller, f"hmac-sha256:stranger.example:{key.secret}", rcode="NOTAUTH")
    refused(controller, f"hmac-sha256:{key.name}:{peers.SECRET}", rcode="NOTAUTH")
    refused(controller, key.text, ["update add none.example 60 A 192.0.2.1"], "NOTAUTH",
            "none.example")
    refused(controller, key.text, ["update add www.none.example 60 A 192.0.2.1"], "NOTZONE")
    # Who may not see a zone does not learn whether it is there.
    limited = Key(controller, "limited.example", zones=["example.net"])
    refused(controller, limited.text, ["update add none.example 60 A 192.0.2.1"], "REFUSED",
            "none.example")


def test_keys_come_and_go_while_it_runs(controller, key):
    refused(controller, f"hmac-sha256:later.example:{peers.SECRET}", rcode="NOTAUTH")
    later = Key(controller, "later.example")
    assert update("nsupdate", controller.port, ADD, ZONE, key=later.text)[0] == 0
    path = "/tsigkeys/later.example."
    assert controller.ask("PUT", path, {"key": peers.SECRET}).status == 200
    refused(controller, later.text, [f"update delete new.{ZONE}"], "NOTAUTH")
    changed = f"hmac-sha256:later.example:{peers.SECRET}"
    assert update("nsupdate", controller.port, [f"update delete new.{ZONE}"], ZONE,
                  key=changed)[0] == 0
    assert controller.ask("DELETE", path).status == 204
    refused(controller, changed, rcode="NOTAUTH")


def test_tenants_change_their_own_as_far_as_their_plan_goes(tmp_path):
    plan = '[[plan]]\nname = "small"\nzones = 2\nrecords = 5\n'
    with Controller(tmp_path, plan) as controller:
        for name in ("acme", "globe"):
            assert controller.ask("POST", "/api/v1/tenants",
                                  {"name": name, "plan": "small"}).status == 201
        password = "correct horse battery"
        assert controller.ask("POST", "/api/v1/users", {
            "name": "anna", "tenant": "acme", "password": password,
            "right": "manage"}).status == 201
        anna = controller.ask("POST", "/api/v1/sessions", {"user": "anna", "password": password},
                              key=False).json["key"]
        controller.create(account="acme")
        controller.create("globe.example.", account="globe")
        key = Key(controller, key=anna)
        assert controller.ask("GET", "/tsigkeys/update.example.").json["tenant"] == "acme"
        refused(controller, key.text, ["update add a.globe.example. 60 A 192.0.2.1"],
                zone="globe.example.")
        lines = [f"update add new.{ZONE} 60 A 192.0.2.{i}" for i in range(1, 4)]
        status, text = update("nsupdate", controller.port, lines, ZONE, key=key.text)
        assert status == 0, text
        refused(controller, key.text, [f"update add more.{ZONE} 60 A 192.0.2.1"])
        controller.wait_for_event("update_refused.*room for 5")
        with pytest.raises(dns.xfr.TransferError):
            key.transfer(controller.port, "globe.example.")
        assert len(key.transfer(controller.port).nodes) == 2
        assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
        assert controller.ask("DELETE", "/api/v1/tenants/acme").status == 204
        assert controller.ask("GET", "/tsigkeys").json == [], "his keys go with him"


def test_a_signed_zone_stays_valid(tmp_path):
    with Controller(tmp_path) as controller:
        controller.create(dnssec=True, nsec3param="1 0 0 -")
        key = Key(controller)
        peers.wait_until(lambda: answers(controller.port, ZONE, "DNSKEY"), "the signed zone", 60)
        for lines in (ADD, [f"update add deep.er.{ZONE} 60 TXT x", f"update delete new.{ZONE}"],
                      [f"update add sub.{ZONE} 60 NS ns.sub.{ZONE}",
                       f"update add ns.sub.{ZONE} 60 A 192.0.2.1"]):
            status, text = update("nsupdate", controller.port, lines, ZONE, key=key.text)
            assert status == 0, text
        assert answers(controller.port, f"deep.er.{ZONE}", "TXT") == ['"x"']
        refused(controller, key.text, [f"update add {ZONE} 60 NSEC3PARAM 1 0 0 -"])
        path = tmp_path / "copy.zone"
        key.transfer(controller.port).to_file(str(path), relativize=False)
        for command in (["ldns-verify-zone", path], ["dnssec-verify", "-z", "-o", ZONE, path]):
            done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_acknowledged_survives_a_kill(tmp_path, database):
    controller = Controller(tmp_path, database=database)
    with controller:
        controller.create()
        key = Key(controller)
        for number in range(10):
            message = key.message()
            message.add(f"n{number}", 60, "A", "192.0.2.1")
            assert dns.query.tcp(message, "127.0.0.1", port=controller.port,
                                 timeout=20).rcode() == dns.rcode.NOERROR
        controller.kill()
        controller.start()
        assert len([each for each in history(controller) if each["kind"] == "records"]) == 10
        assert answers(controller.port, f"n9.{ZONE}", "A") == ["192.0.2.1"]
        assert update("nsupdate", controller.port, ADD, ZONE, key=key.text)[0] == 0


def test_any_controller_of_a_database_takes_it(tmp_path):
    database = new_schema()
    first = Controller(tmp_path / "a", database=database)
    with first:
        first.create()
        second = Controller(tmp_path / "b", "", database)
        text = second.config.read_text().replace('name = "test"', 'name = "second"')
        sealing = tmp_path / "a/state/signing.key"
        second.config.write_text(text + f'[signing]\nkey_file = "{sealing}"\n')
        (tmp_path / "b/state").mkdir()
        (tmp_path / "b/state/admin.key").write_text(first.key)
        with second:
            peers.wait_until(lambda: peers.serial_at(second.port, ZONE) is not None, "the zone")
            key = Key(first)
            lines = [f"update add by-second.{ZONE} 60 A 192.0.2.2"]
            peers.wait_until(
                lambda: update("nsupdate", second.port, lines, ZONE, key=key.text)[0] == 0,
                "the key at the other controller", 20)
            peers.wait_until(lambda: answers(first.port, f"by-second.{ZONE}", "A"), "the change")
            assert history(first)[0]["actor"] == "update:update.example."
            assert second.ask("DELETE", "/tsigkeys/update.example.").status == 204
            refused(second, key.text, rcode="NOTAUTH")
            status, text = update("nsupdate", first.port, ADD, ZONE, key=key.text)
            assert status != 0, "a key that is gone changes nothing, wherever it comes"


def test_over_tls(tmp_path):
    certificate, private = tmp_path / "tls.pem", tmp_path / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", private, "-out", certificate],
                   check=True, capture_output=True)
    port = free_port()
    with Controller(tmp_path, f'[serve]\ntls_listen = ["127.0.0.1:{port}"]\n'
                    f'[tls]\ncertificate = "{certificate}"\nkey = "{private}"\n') as controller:
        controller.create()
        message = Key(controller).message()
        message.add("new", 60, "A", "192.0.2.70")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        answer = dns.query.tls(message, "127.0.0.1", port=port, timeout=20, ssl_context=context)
        assert answer.rcode() == dns.rcode.NOERROR and answer.had_tsig
        assert answers(controller.port, f"new.{ZONE}", "A") == ["192.0.2.70"]


def test_certbots_plugin_proves_a_domain(controller, key):
    acme = Key(controller, "acme.example", types=["TXT"],
               names=["match:_acme-challenge.*.example.com"])
    updates.prove_with_certbot(controller.port, ZONE, acme.name, acme.secret)


@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp], ids=["udp", "tcp"])
def test_a_signed_question_gets_a_signed_answer(controller, key, ask):
    query = dns.message.make_query(ZONE, "SOA")
    query.use_tsig(key.ring, dns.name.from_text(key.name), algorithm=dns.tsig.HMAC_SHA256)
    answer = ask(query, "127.0.0.1", port=controller.port, timeout=10)
    assert answer.had_tsig and answer.flags & dns.flags.AA and answer.answer


def test_who_may_see_a_whole_zone_may_fetch_it(controller, key):
    whole = key.transfer(controller.port)
    assert dns.name.from_text("mail." + ZONE) in whole.nodes
    for limits in ({"types": ["A"]}, {"zones": ["example.net"]}, {"sources": ["192.0.2.1"]}):
        name = f"{next(iter(limits))}.example"
        with pytest.raises(dns.xfr.TransferError):
            Key(controller, name, **limits).transfer(controller.port)


# --- The resource ---

def test_tsigkeys_are_those_of_powerdns_clients(controller):
    made = controller.ask("POST", "/tsigkeys", {"name": "K1", "algorithm": "hmac-SHA512", "key": "",
                                                "id": "", "type": "TSIGKey"})
    assert made.status == 201 and made.headers["location"].endswith("/tsigkeys/k1.")
    assert {part: made.json[part] for part in ("id", "name", "algorithm", "type")} == {
        "id": "k1.", "name": "k1", "algorithm": "hmac-sha512", "type": "TSIGKey"}
    assert len(base64.b64decode(made.json["key"])) == 64 and made.json["right"] == "change"
    listed, = (each for each in controller.ask("GET", "/tsigkeys").json if each["id"] == "k1.")
    assert listed["key"] == "" and listed == made.json | {"key": ""}
    for path in ("/tsigkeys/k1.", "/tsigkeys/k1", "/tsigkeys/K1."):
        assert controller.ask("GET", path).json == made.json
    again = controller.ask("POST", "/tsigkeys", {"name": "k1.", "algorithm": "hmac-md5"})
    assert again.status == 409 and "already exists" in again.error
    put = controller.ask("PUT", "/tsigkeys/k1.", {
        "name": "k2", "algorithm": "hmac-md5.sig-alg.reg.int", "types": ["TXT"]})
    assert put.status == 200 and (put.json["id"], put.json["algorithm"], put.json["key"]) == (
        "k2.", "hmac-md5", made.json["key"])
    assert controller.ask("PUT", "/tsigkeys/k2.", {"types": None}).json["types"] == []
    assert controller.ask("GET", "/tsigkeys/k1.").status == 404
    assert controller.ask("DELETE", "/tsigkeys/k2.").status == 204
    assert controller.ask("DELETE", "/tsigkeys/k2.").status == 404


def test_what_is_no_key_is_told(controller):
    for body in ({"name": "x"}, {"algorithm": "hmac-sha256"}, {"name": 5, "algorithm": "hmac-sha256"},
                 {"name": "x", "algorithm": "hmac-sha3"}, {"name": ".", "algorithm": "hmac-sha256"},
                 {"name": "x", "algorithm": "hmac-sha256", "key": "%%%"},
                 {"name": "x", "algorithm": "hmac-sha256", "key": "c2hvcnQ="},
                 {"name": "x", "algorithm": "hmac-sha256", "type": "TSIGKey", "zone": "misspelled"},
                 {"name": "a..b", "algorithm": "hmac-sha256"},
                 {"name": "x", "algorithm": "hmac-sha256", "zones": []}):
        answer = controller.ask("POST", "/tsigkeys", body)
        assert answer.status == 422 and answer.error, body
    assert controller.ask("GET", "/tsigkeys/a..b").status == 404
    for right in ("read", "change"):
        weak = controller.ask("POST", "/api/v1/keys", {"name": "weak", "right": right}).json["key"]
        assert controller.ask("GET", "/tsigkeys", key=weak).status == 403
    limited = controller.ask("POST", "/api/v1/keys", {"name": "l", "zones": ["a.example"]}).json["key"]
    assert controller.ask("POST", "/tsigkeys", {"name": "x", "algorithm": "hmac-sha256"},
                          key=limited).status == 403


def test_secrets_are_sealed_at_rest(tmp_path):
    with Controller(tmp_path, f'[[key]]\nname = "fixed.example"\nsecret = "{peers.SECRET}"\n'
                    ) as controller:
        key = Key(controller)
        taken = controller.ask("POST", "/tsigkeys", {"name": "fixed.example",
                                                     "algorithm": "hmac-sha256"})
        assert taken.status == 409, "a name of the configuration"
        secret = base64.b64decode(key.secret)
        rows = sqlite3.connect(tmp_path / "state/control.db").execute(
            "SELECT * FROM tsig_key").fetchall()
        assert rows and key.secret not in json.dumps(rows)
        for file in (tmp_path / "state").glob("control.db*"):
            held = file.read_bytes()
            assert secret not in held and key.secret.encode() not in held
        controller.create()
        assert update("nsupdate", controller.port, ADD, ZONE, key=key.text)[0] == 0
        controller.process.terminate()
        assert controller.process.wait(30) == 0
        controller.start()
        assert update("nsupdate", controller.port, [f"update delete new.{ZONE}"], ZONE,
                      key=key.text)[0] == 0
