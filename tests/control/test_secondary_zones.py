"""Zones that come from primaries: fetched, kept, passed on or signed here, and given up in time."""

import threading
import time
import urllib.request

import dns.query
import dns.rcode
import dns.rrset
import pytest

import peers
from controller import Controller, replace
from fake_primary import FakePrimary, response_to
from nodes import Node
from server import free_port, nearcast
from signing import ZONE, Judge, run, serves_signed
from test_command import Operator
from test_network import network_sections
from test_nodes import World, answers, records_at
from test_receipts import receipts

NAME = ZONE.rstrip(".")
HOST = "www." + ZONE
HEAD = "$TTL 1\n@ SOA ns1.example.net. host.example.net. {serial} {times}\n@ NS ns1.example.net.\n"
CALM = "3600 600 86400 60"
KEY = {"slave_tsig_key_ids": [peers.KEY_NAME]}
PASSWORD = "correct horse battery"


def text_of(serial, address, times=CALM, more=""):
    return HEAD.format(serial=serial, times=times) + f"www A {address}\n{more}"


class Primary:
    """Somebody else's server with the zone, which notifies the controller."""

    def __init__(self, folder, controller_port, peer=peers.Knot, text=text_of(7, "192.0.2.1")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "first").write_text(text)
        self.server = peer(folder / "server").as_primary(NAME, folder / "first", controller_port)
        self.port = self.server.port

    def __enter__(self):
        self.server.__enter__()
        peers.wait_until(lambda: peers.serial_at(self.port, ZONE) is not None, "the primary", 30)
        return self

    def __exit__(self, *reason):
        self.server.__exit__(*reason)

    def put(self, text):
        self.server.zone_file.write_text(text)
        self.server.reload()


def master(port):
    return f"127.0.0.1:{port}"


def follow(controller, *ports, **more):
    """Makes the zone one that comes from these ports."""
    body = {"name": ZONE, "kind": "Secondary", "masters": [master(port) for port in ports]}
    answer = controller.ask("POST", "/zones", body | KEY | more)
    assert answer.status == 201, answer.body
    return answer.json


def transfer_status(controller):
    return controller.ask("GET", f"/api/v1/transfers/{ZONE}").json


def serial_in(controller):
    return controller.ask("GET", f"/zones/{ZONE}?rrsets=false").json["serial"]


def history(controller):
    return controller.ask("GET", f"/api/v1/changes?zone={ZONE}").json


def servfail(port):
    return lambda: records_at(port, HOST, "A")[0] == dns.rcode.SERVFAIL


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("peer", peers.WITH_CHANGES, ids=lambda peer: peer.program)
def test_a_change_at_the_primary_reaches_a_node(world, peer, tmp_path):
    with world.controller() as controller, world.node() as node:
        # So large that the difference is smaller, and is what is sent.
        more = "".join(f"host{i} A 192.0.2.7\n" for i in range(50))
        with Primary(tmp_path / "primary", controller.port, peer,
                     text_of(7, "192.0.2.1", more=more)) as primary:
            made = follow(controller, primary.port)
            assert made["kind"] == "Slave" and made["masters"] == [master(primary.port)]
            assert made["slave_tsig_key_ids"] == [peers.KEY_NAME + "."]
            peers.wait_until(answers(node.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            primary.put(text_of(8, "192.0.2.2", more=more))
            peers.wait_until(answers(node.port, HOST, "A", "192.0.2.2"), "the change", 60)
            assert peers.serial_at(node.port, ZONE) == 8, "the primary's own serial"
            zone = controller.ask("GET", f"/zones/{ZONE}").json
            assert (zone["serial"], zone["notified_serial"], zone["edited_serial"]) == (8, 8, 8)
            assert zone["last_check"] > time.time() - 600
            assert controller.rrset(HOST, "A", ZONE) == ["192.0.2.2"]
            assert "content=changes" in "\n".join(controller.log) + controller.wait_for_event(
                "secondary_fetched.*content=changes"), "by IXFR"
            last = controller.ask("GET", f"/api/v1/changes/{history(controller)[0]['sequence']}").json
            assert (last["kind"], last["actor"]) == ("transfer", "transfer")
            assert (last["old_serial"], last["new_serial"]) == (7, 8)
            assert last["source"] == master(primary.port)
            assert [(each["name"], each["type"]) for each in last["diff"]["rrsets"]] == [(HOST, "A")]
            assert last["diff"]["rrsets"][0]["before"]["records"][0]["content"] == "192.0.2.1"
            assert peers.transfer(controller.port, ZONE) == peers.transfer(primary.port, NAME)
            told = transfer_status(controller)
            assert (told["state"], told["serial"], told["problem"]) == ("current", 8, "")
            assert 0 < told["expires_in"] <= 86400
            assert "192.0.2.2" in controller.ask("GET", f"/zones/{ZONE}/export").body.decode()


def test_a_transfer_is_a_change_with_receipts(tmp_path, database):
    key = f'[[key]]\nname = "{peers.KEY_NAME}"\nsecret = "{peers.SECRET}"\n'
    with Controller(tmp_path / "control", network_sections() + key, database=database) as controller:
        with Node(tmp_path / "a", controller, "sin") as node:
            with Primary(tmp_path / "primary", controller.port) as primary:
                follow(controller, primary.port)
                peers.wait_until(answers(node.port, HOST, "A", "192.0.2.1"), "the zone", 60)
                change = history(controller)[0]
                assert change["kind"] == "transfer"
                peers.wait_until(lambda: receipts(controller, change["sequence"])["served_by_all"],
                                 "the receipt", 60)
        assert controller.ask("GET", "/api/v1/audit/verdict").json["broken_at"] is None


def test_another_primary_takes_the_place_of_one_that_is_dead(world, tmp_path):
    with world.controller() as controller:
        with Primary(tmp_path / "b", controller.port, peers.Nsd) as second:
            with Primary(tmp_path / "a", controller.port) as first:
                follow(controller, first.port, second.port)
                peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            second.put(text_of(9, "192.0.2.9"))
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.9"), "the other's", 60)
            assert transfer_status(controller)["source"] == master(second.port)
            assert history(controller)[0]["source"] == master(second.port)


def test_its_primaries_may_be_others_from_now_on(world, tmp_path):
    with world.controller() as controller:
        with Primary(tmp_path / "a", controller.port) as first:
            follow(controller, first.port)
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "the zone", 60)
        text = text_of(9, "192.0.2.9")
        with Primary(tmp_path / "b", controller.port, peers.Bind, text=text) as second:
            changed = controller.ask("PUT", f"/zones/{ZONE}", {"masters": [master(second.port)]})
            assert changed.status == 204, changed.body
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.9"), "the other's", 60)


def rrsets(*texts):
    return [dns.rrset.from_text(ZONE if name == "@" else name, 1, "IN", kind, text)
            for name, kind, text in texts]


class Broken(FakePrimary):
    """Says that it has a later version, and sends half of it: of the zone, or of what changed."""

    SOA = ("@", "SOA", f"ns1.example.net. host.example.net. 9 {CALM}")
    WHOLE = (SOA, ("@", "NS", "evil.example.net."))
    CHANGES = (SOA, ("@", "SOA", f"ns1.example.net. host.example.net. 7 {CALM}"),
               (HOST, "A", "192.0.2.1"), SOA, (HOST, "A", "192.0.2.66"))

    def __init__(self, half):
        self.half = half
        self.asked = threading.Event()
        super().__init__()

    def soa(self):
        return rrsets(self.SOA)[0]

    def transfer(self, query, send):
        send(response_to(query, *rrsets(*self.half)))
        self.asked.set()


@pytest.mark.parametrize("half", [Broken.WHOLE, Broken.CHANGES], ids=["zone", "changes"])
def test_a_broken_transfer_changes_nothing(world, tmp_path, half):
    with world.controller() as controller:
        with Primary(tmp_path / "primary", controller.port) as primary:
            follow(controller, primary.port)
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "the zone", 60)
        before = history(controller)
        with Broken(half) as broken:
            changed = controller.ask("PUT", f"/zones/{ZONE}", {"masters": [master(broken.port)],
                                                               "slave_tsig_key_ids": []})
            assert changed.status == 204, changed.body
            assert broken.asked.wait(60)
            peers.wait_until(lambda: transfer_status(controller)["state"] == "failing", "its end",
                             60)
        assert answers(controller.port, HOST, "A", "192.0.2.1")()
        assert peers.serial_at(controller.port, ZONE) == serial_in(controller) == 7
        assert [each["kind"] for each in history(controller)] == ["settings"] + [
            each["kind"] for each in before]


def test_kills_amid_transfers_lose_nothing(world, tmp_path, database):
    def large(serial):
        return text_of(serial, "192.0.2.1", more="".join(
            f"host{i} TXT \"{serial}-{'x' * 100}\"\n" for i in range(5000)))

    def serves(serial):
        return lambda: records_at(controller.port, f"host4999.{ZONE}", "TXT")[1] == [
            f'"{serial}-{"x" * 100}"']

    with world.controller(database) as controller:
        with Primary(tmp_path / "primary", controller.port, text=large(7)) as primary:
            follow(controller, primary.port)
            for serial in range(8, 12):
                primary.put(large(serial))
                peers.wait_until(lambda: peers.serial_at(primary.port, ZONE) == serial, "it", 60)
                seen = peers.serial_at(controller.port, ZONE)
                controller.kill()  # It was told just now, and is somewhere on the way.
                controller.start()
                now = peers.serial_at(controller.port, ZONE)
                assert seen is None or now >= seen, "what was served once is not lost"
            peers.wait_until(serves(11), "the last version", 60)
            peers.wait_until(lambda: serial_in(controller) == 11, "its change", 60)
            steps = [each for each in reversed(history(controller)) if each["kind"] == "transfer"]
            for one, next_one in zip(steps, steps[1:]):
                assert one["new_serial"] == next_one["old_serial"] < next_one["new_serial"]
            texts = [line for line in peers.transfer(controller.port, ZONE) if " TXT " in line]
            assert len(texts) == 5000 and all('"11-x' in line for line in texts)


def test_what_is_signed_here_validates(world, tmp_path):
    with world.controller() as controller, world.node() as node:
        with Primary(tmp_path / "primary", controller.port) as primary:
            follow(controller, primary.port, dnssec=True)
            peers.wait_until(serves_signed(node.port, HOST, "A", "192.0.2.1"), "signatures", 60)
            judge = Judge(controller, tmp_path)
            judge.answers(node.port, HOST, "A")
            judge.denies(node.port, "none." + ZONE, "A")
            judge.whole(controller.port)
            primary.put(text_of(8, "192.0.2.2", more="new A 192.0.2.3\n"))
            peers.wait_until(serves_signed(node.port, HOST, "A", "192.0.2.2"), "the change", 60)
            judge.answers(node.port, "new." + ZONE, "A")
            judge.whole(controller.port)
            zone = controller.ask("GET", f"/zones/{ZONE}").json
            assert zone["serial"] == 8, "of the copy"
            assert zone["edited_serial"] == peers.serial_at(node.port, ZONE) >= 8
            before = zone["edited_serial"]
            rolled = controller.ask("POST", f"/api/v1/signing/{ZONE}/rollover", {"role": "csk"})
            assert rolled.status == 200, rolled.body
            peers.wait_until(lambda: peers.serial_at(node.port, ZONE) > before, "its own step", 60)
            assert serial_in(controller) == 8
            primary.put(text_of(9, "192.0.2.4"))
            peers.wait_until(serves_signed(node.port, HOST, "A", "192.0.2.4"), "the next", 60)
            judge.whole(controller.port, by_knot=False)


@pytest.mark.parametrize("options", [[], ["-n"]], ids=["nsec", "nsec3"])
def test_what_is_signed_elsewhere_passes_bit_by_bit(world, tmp_path, options):
    zone = tmp_path / "zone"
    zone.write_text(text_of(7, "192.0.2.1", more="a.b TXT x\n*.w A 192.0.2.3\n"))
    key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", NAME, cwd=tmp_path).stdout.strip()
    signed = tmp_path / "signed"
    done = run("ldns-signzone", *options, "-z", "1:sha384", "-o", NAME, "-f", signed, zone, key,
               cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with world.controller() as controller, world.node() as node:
        with Primary(tmp_path / "primary", controller.port, text=signed.read_text()) as primary:
            follow(controller, primary.port)
            peers.wait_until(serves_signed(node.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            theirs = peers.transfer(primary.port, NAME)
            assert any(" ZONEMD " in line for line in theirs)
            assert peers.transfer(controller.port, ZONE) == theirs
            copy = tmp_path / "copy"
            copy.write_bytes(controller.ask("GET", f"/zones/{ZONE}/export").body)
            checked = run("ldns-verify-zone", "-ZZ", copy)
            assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_serial_that_goes_back_is_refused_until_somebody_says_so(world, tmp_path):
    control = tmp_path / "node.control"
    with world.controller() as controller, world.node(0, "--control", control) as node:
        with Primary(tmp_path / "primary", controller.port, peers.Nsd) as primary:
            follow(controller, primary.port)
            peers.wait_until(answers(node.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            primary.put(text_of(5, "192.0.2.5"))
            peers.wait_until(lambda: peers.serial_at(primary.port, ZONE) == 5, "it", 30)
            again = controller.ask("PUT", f"/zones/{ZONE}", {"masters": [
                master(primary.port), master(primary.port)]})
            assert again.status == 204, "it is asked anew"
            peers.wait_until(lambda: transfer_status(controller)["state"] == "failing", "it", 60)
            problem = transfer_status(controller)["problem"]
            assert "older than ours" in problem and f"nearcast zone retrieve {ZONE}" in problem
            assert answers(node.port, HOST, "A", "192.0.2.1")()
            done = controller.ask("PUT", f"/zones/{ZONE}/axfr-retrieve")
            assert done.status == 200 and "retrieval request" in done.json["result"]
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.5"), "what was ordered", 60)
            assert answers(node.port, HOST, "A", "192.0.2.1")(), "a node is told by its own means"
            told = run(nearcast(), "node", "retransfer", ZONE, "--control", control)
            assert told.returncode == 0, told.stderr
            peers.wait_until(answers(node.port, HOST, "A", "192.0.2.5"), "it at the node", 60)
            peers.wait_until(lambda: serial_in(controller) == 5, "its change", 60)
            assert serial_in(controller) == peers.serial_at(node.port, ZONE) == 5
            assert transfer_status(controller)["state"] == "current"


def test_a_zone_whose_primaries_are_silent_expires_everywhere(world, tmp_path):
    with world.controller() as controller, world.node() as node:
        text = text_of(7, "192.0.2.1", times="1 1 3 1")
        with Primary(tmp_path / "primary", controller.port, text=text) as primary:
            follow(controller, primary.port)
            peers.wait_until(answers(node.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            primary.server.process.send_signal(19)  # SIGSTOP: it is silent.
            peers.wait_until(servfail(controller.port), "its end at the controller", 60)
            controller.wait_for_event("secondary_expired")
            peers.wait_until(servfail(node.port), "its end at the node", 60)
            assert transfer_status(controller)["state"] == "expired"
            controller.kill()
            controller.start()
            assert servfail(controller.port)(), "also after a restart"
            assert transfer_status(controller)["state"] == "expired"
            primary.server.process.send_signal(18)  # SIGCONT
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "it is back", 60)
            peers.wait_until(answers(node.port, HOST, "A", "192.0.2.1"), "at the node too", 60)


def test_what_makes_no_sense_is_refused_with_the_reason(controller):
    def refused(method, path, body, *words):
        answer = controller.ask(method, path, body)
        assert answer.status == 422, (body, answer.body)
        assert all(word in answer.error for word in words), answer.error

    new = {"name": ZONE, "kind": "Slave"}
    there = {"masters": ["127.0.0.1", f"[::1]:{free_port()}"]}
    refused("POST", "/zones", new, "masters", "kind Slave")
    refused("POST", "/zones", new | {"masters": ["ns1.example.net"]}, "not an IP address")
    refused("POST", "/zones", new | {"masters": ["127.0.0.1"] * 17}, "one to 16")
    refused("POST", "/zones", new | there | {"slave_tsig_key_ids": ["none."]},
            "slave_tsig_key_ids", "none.", "unknown")
    refused("POST", "/zones", new | there | {"master_tsig_key_ids": [peers.KEY_NAME]},
            "master_tsig_key_ids", "/tsigkeys")
    native = {"name": ZONE, "kind": "Native"}
    for keys in ([peers.KEY_NAME], ["none."]):
        refused("POST", "/zones", native | {"slave_tsig_key_ids": keys}, "slave_tsig_key_ids",
                "kind Slave")
    refused("POST", "/zones", new | there | {"slave_tsig_key_ids": ["a.", "b."]}, "one TSIG key")
    refused("POST", "/zones", new | there | {"nameservers": ["ns1.example.net."]}, "masters alone")
    refused("POST", "/zones", new | {"kind": "Consumer"}, "one to 16 masters", "Consumer")
    assert controller.ask("POST", "/zones", new | there).status == 201
    refused("PATCH", f"/zones/{ZONE}", {"rrsets": [replace(HOST, "A", "192.0.2.1")]}, "kind Slave",
            ", ".join(there["masters"]), "changed there")
    refused("PUT", f"/zones/{ZONE}", {"kind": "Native"}, "cannot become")
    refused("PUT", f"/zones/{ZONE}", {"masters": []}, "masters")
    controller.create("native.example.")
    refused("PUT", "/zones/native.example.", {"kind": "Slave"} | there, "cannot become")
    refused("PUT", "/zones/native.example./axfr-retrieve", None, "not a slave domain")
    refused("GET", "/api/v1/transfers/native.example.", None, "not a slave domain")
    assert transfer_status(controller)["state"] == "waiting"


def test_what_was_fetched_is_counted(world, tmp_path):
    port = free_port()
    with world.controller(more=f'[metrics]\nlisten = "127.0.0.1:{port}"\n') as controller:
        def count_of(result):
            text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
            lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
            assert float(lines["nearcast_transfers_in_bytes_total"]) >= 0
            return float(lines[f'nearcast_transfers_in_total{{result="{result}"}}'])

        assert count_of("zone") == 0
        follow(controller, free_port())
        peers.wait_until(lambda: count_of("failed") > 0, "the first try", 60)
        assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
        with Primary(tmp_path / "primary", controller.port) as primary:
            follow(controller, primary.port)
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            assert count_of("zone") == 1


def test_a_transfer_is_not_taken_back(world, tmp_path):
    with world.controller() as controller:
        with Primary(tmp_path / "primary", controller.port) as primary:
            follow(controller, primary.port)
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            sequence = history(controller)[0]["sequence"]
            answer = controller.ask("POST", f"/api/v1/changes/{sequence}/revert", {})
            assert answer.status == 422 and "changed there" in answer.error
            assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
            peers.wait_until(lambda: records_at(controller.port, HOST, "A")[0] ==
                             dns.rcode.REFUSED, "its end", 60)
            primary.put(text_of(8, "192.0.2.8"))
            controller.create(ZONE)
            peers.wait_until(answers(controller.port, ZONE, "NS", "ns1.example.net."), "its own", 60)
            assert controller.rrset(HOST, "A", ZONE) is None


def test_the_command_follows_a_primary(tmp_path):
    key = f'[[key]]\nname = "{peers.KEY_NAME}"\nsecret = "{peers.SECRET}"\n'
    with Controller(tmp_path / "control", key, tls=True) as controller:
        operator = Operator(controller, tmp_path)
        operator.run("context", "add", "lab", "--url", operator.url, "--ca",
                     operator.state / "api.pem", "--key-file", operator.state / "admin.key")
        with Primary(tmp_path / "primary", controller.port) as primary:
            operator.run("zone", "add", NAME, "--secondary", "--primary", master(primary.port),
                         "--tsig", peers.KEY_NAME)
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            peers.wait_until(lambda: "current" in operator.out("zone", "show", NAME), "it", 30)
            shown = operator.out("zone", "show", NAME)
            assert master(primary.port) in shown and "Slave" in shown
            assert "transfer" in operator.out("zone", "history", NAME)
            assert "192.0.2.1" in operator.out("zone", "export", NAME)
            told = operator.out("zone", "retrieve", NAME)
            assert "fetched anew" in told
            assert operator.json("zone", "retrieve", NAME)["result"]
        error = operator.err("record", "set", NAME, "x", "A", "300", "192.0.2.1")
        assert "changed there" in error
        error = operator.err("zone", "add", "b.example", "--primary", "192.0.2.1", status=2)
        assert "--secondary" in error


class Slow(FakePrimary):
    """Has the zone, and sends it when it is told to."""

    SOA = ("@", "SOA", f"ns1.example.net. host.example.net. 99 {CALM}")

    def __init__(self):
        self.asked, self.may_send = threading.Event(), threading.Event()
        super().__init__()

    def soa(self):
        return rrsets(self.SOA)[0]

    def transfer(self, query, send):
        self.asked.set()
        self.may_send.wait(60)
        ns, address = ("@", "NS", "ns1.example.net."), (HOST, "A", "192.0.2.99")
        send(response_to(query, *rrsets(self.SOA, ns, address), *rrsets(self.SOA)))


def test_a_zone_made_anew_gets_nothing_that_was_on_its_way(world, tmp_path):
    with Slow() as slow, world.controller() as controller:
        follow(controller, slow.port, slave_tsig_key_ids=[])
        assert slow.asked.wait(60)
        assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
        follow(controller, free_port(), slave_tsig_key_ids=[])
        slow.may_send.set()
        controller.wait_for_event("secondary_removed")
        peers.wait_until(lambda: transfer_status(controller)["problem"], "who has it not", 60)
        assert transfer_status(controller)["state"] == "waiting"
        assert records_at(controller.port, HOST, "A")[1] == []
        assert [each["kind"] for each in history(controller)] == ["create", "delete", "create"]
        assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
        with Primary(tmp_path / "primary", controller.port) as primary:
            follow(controller, primary.port)
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "its own", 60)


def test_a_plan_bounds_what_primaries_send(world, tmp_path):
    plan = '[[plan]]\nname = "small"\nzones = 2\nrecords = 4\n'
    with world.controller("", plan) as controller:
        def records():
            return controller.ask("GET", "/api/v1/tenants/acme").json["records"]

        made = controller.ask("POST", "/api/v1/tenants", {"name": "acme", "plan": "small"})
        assert made.status == 201, made.body
        with Primary(tmp_path / "primary", controller.port) as primary:
            follow(controller, primary.port, account="acme")
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.1"), "the zone", 60)
            peers.wait_until(lambda: records() == 3, "what it takes", 60)
            primary.put(text_of(8, "192.0.2.2", more="a A 192.0.2.3\nb A 192.0.2.4\n"))
            peers.wait_until(lambda: transfer_status(controller)["state"] == "failing", "it", 60)
            assert "a plan with more records" in transfer_status(controller)["problem"]
            assert answers(controller.port, HOST, "A", "192.0.2.1")() and records() == 3
            primary.put(text_of(9, "192.0.2.2", more="a A 192.0.2.3\n"))
            peers.wait_until(answers(controller.port, HOST, "A", "192.0.2.2"), "what fits", 60)
            peers.wait_until(lambda: records() == 4, "what that takes", 60)
            assert controller.ask("DELETE", f"/zones/{ZONE}").status == 204
            assert records() == 0


def test_a_tenant_reaches_no_inner_network(world):
    with world.controller("", '[[plan]]\nname = "any"\n') as controller:
        for path, body in (("tenants", {"name": "acme", "plan": "any"}),
                           ("users", {"name": "anna", "password": PASSWORD, "tenant": "acme"})):
            assert controller.ask("POST", f"/api/v1/{path}", body).status == 201
        session = controller.ask("POST", "/api/v1/sessions", {
            "user": "anna", "password": PASSWORD}, key=False)
        key = session.json["key"]
        for address in ("127.0.0.1", "10.1.2.3", "172.31.0.1:53", "192.168.1.1", "169.254.169.254",
                        "224.0.0.1", "::1", "[fd00::1]:53", "fe80::1", "::ffff:10.0.0.1"):
            answer = controller.ask("POST", "/zones", {"name": ZONE, "kind": "Slave",
                                                       "masters": [address]}, key=key)
            assert answer.status == 422 and "a tenant may name" in answer.error, address
        answer = controller.ask("POST", "/zones", {"name": ZONE, "kind": "Slave", "masters": [
            "192.0.2.1"]} | KEY, key=key)
        assert answer.status == 422 and "no TSIG key" in answer.error
        # What was chosen by somebody who may stays, and the rest is the tenant's.
        follow(controller, free_port(), account="acme")
        kept = controller.ask("PUT", f"/zones/{ZONE}", {"soa_edit": "INCEPTION-INCREMENT"}, key=key)
        assert kept.status == 204, kept.body
        moved = controller.ask("PUT", f"/zones/{ZONE}", {"masters": ["127.0.0.1"]}, key=key)
        assert moved.status == 422
