"""Dynamic update by the programs that people use: nsupdate, knsupdate, certbot's plugin."""

import subprocess

import dns.edns
import dns.message
import dns.query
import dns.rcode
import dns.update
import pytest

import peers
import updates
from server import Server

ZONE = "odd.example"
BY_KEY = f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["key:{peers.KEY_NAME}"]\n'
BY_ADDRESS = f'[[update.zone]]\nzone = "{ZONE}"\nallow = ["127.0.0.1"]\n'
CLIENT = bytes.fromhex("2464c4abcf10c957")
COOKIE = 10


def update(program, port, lines, tcp=False, signed=True):
    return updates.update(program, port, lines, ZONE, tcp, updates.KEY if signed else None)


def answers(port, name, kind):
    return updates.answers(port, f"{name}.{ZONE}", kind)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("program", ["nsupdate", "knsupdate"])
def test_records_come_and_go(program, tcp, zones, transfers):
    with Server(zones, "--settings", transfers(BY_KEY)) as ours:
        status, text = update(program, ours.port, [
            f"prereq nxdomain new.{ZONE}",
            f"update add new.{ZONE} 60 A 192.0.2.70",
            f"update add new.{ZONE} 60 A 192.0.2.71",
            f"update add new.{ZONE} 60 TXT \"two words\"",
            f"update delete mail.{ZONE} AAAA"], tcp)
        assert status == 0, text
        assert answers(ours.port, "new", "A") == ["192.0.2.70", "192.0.2.71"]
        assert answers(ours.port, "new", "TXT") == ['"two words"']
        assert answers(ours.port, "mail", "AAAA") == []
        assert peers.serial_at(ours.port, ZONE) == 8
        status, text = update(program, ours.port, [
            f"prereq yxrrset new.{ZONE} A 192.0.2.70",
            f"prereq yxrrset new.{ZONE} A 192.0.2.71",
            f"update delete new.{ZONE} A 192.0.2.70"], tcp)
        assert status == 0, text
        assert answers(ours.port, "new", "A") == ["192.0.2.71"]
        status, text = update(program, ours.port, [f"update delete new.{ZONE}"], tcp)
        assert status == 0, text
        assert answers(ours.port, "new", "A") == []
        assert peers.serial_at(ours.port, ZONE) == 10


@pytest.mark.parametrize("program", ["nsupdate", "knsupdate"])
@pytest.mark.parametrize("prerequisite, rcode", [
    (f"prereq yxdomain none.{ZONE}", "NXDOMAIN"),
    (f"prereq nxdomain mail.{ZONE}", "YXDOMAIN"),
    (f"prereq yxrrset mail.{ZONE} TXT", "NXRRSET"),
    (f"prereq nxrrset mail.{ZONE} A", "YXRRSET"),
    (f"prereq yxrrset mail.{ZONE} A 192.0.2.99", "NXRRSET"),
])
def test_a_prerequisite_that_fails_changes_nothing(program, prerequisite, rcode, zones, transfers):
    with Server(zones, "--settings", transfers(BY_KEY)) as ours:
        status, text = update(program, ours.port,
                              [prerequisite, f"update add new.{ZONE} 60 A 192.0.2.70"])
        assert status != 0 and rcode in text.upper(), text
        assert peers.serial_at(ours.port, ZONE) == 7


def test_who_may_not_is_refused(zones, transfers):
    lines = [f"update add new.{ZONE} 60 A 192.0.2.70"]
    with Server(zones, "--settings", transfers(BY_KEY)) as ours:
        status, text = update("nsupdate", ours.port, lines, signed=False)
        assert status != 0 and "REFUSED" in text, text
    with Server(zones) as ours:
        status, text = update("nsupdate", ours.port, lines)
        assert status != 0 and "NOTAUTH" in text, text
    with Server(zones, "--settings", transfers(BY_ADDRESS)) as ours:
        status, text = update("nsupdate", ours.port, lines, signed=False)
        assert status == 0, text


@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp], ids=["udp", "tcp"])
def test_the_answer_has_a_cookie_for_who_sent_one(ask, zones, transfers):
    """It comes from a thread that waits for the disk, and is good for questions (RFC 7873 §5)."""
    def with_cookie(request, cookie):
        request.use_edns(0, options=[dns.edns.GenericOption(COOKIE, cookie)])
        response = ask(request, "127.0.0.1", port=ours.port, timeout=10)
        assert response.rcode() == dns.rcode.NOERROR
        told, = (each.to_wire() for each in response.options if each.otype == COOKIE)
        assert told.startswith(CLIENT) and len(told) == 24
        return told

    with Server(zones, "--settings", transfers(BY_ADDRESS)) as ours:
        request = dns.update.Update(ZONE)
        request.add("new", 60, "A", "192.0.2.70")
        cookie = with_cookie(request, CLIENT)
        assert answers(ours.port, "new", "A") == ["192.0.2.70"]
        assert with_cookie(dns.message.make_query(ZONE, "SOA"), cookie) == cookie


def test_names_and_types_are_scoped(zones, transfers):
    config = transfers(BY_KEY + 'types = ["A", "TXT"]\nnames = ["subtree:dyn.odd.example", '
                       '"match:_acme-challenge.*.odd.example"]\n')
    with Server(zones, "--settings", config) as ours:
        for line, is_allowed in ((f"add a.dyn.{ZONE} 60 A 192.0.2.7", True),
                                 (f"add _acme-challenge.www.{ZONE} 60 TXT x", True),
                                 (f"add a.dyn.{ZONE} 60 AAAA ::1", False),
                                 (f"add www.{ZONE} 60 A 192.0.2.7", False),
                                 (f"delete a.dyn.{ZONE}", False),
                                 (f"delete a.dyn.{ZONE} A", True)):
            status, text = update("nsupdate", ours.port, [f"update {line}"])
            assert (status == 0) == is_allowed, (line, text)


def test_all_or_nothing(zones, transfers):
    """The second update is for a name that the rules do not give."""
    config = transfers(BY_KEY + 'names = ["subtree:dyn.odd.example"]\n')
    with Server(zones, "--settings", config) as ours:
        status, text = update("nsupdate", ours.port, [f"update add a.dyn.{ZONE} 60 A 192.0.2.7",
                                                      f"update add www.{ZONE} 60 A 192.0.2.7"])
        assert status != 0 and "REFUSED" in text, text
        assert answers(ours.port, "a.dyn", "A") == []
        assert peers.serial_at(ours.port, ZONE) == 7


def test_an_update_survives_a_kill_and_secondaries_are_told(zones, transfers, tmp_path):
    theirs = peers.Knot(tmp_path / "peer")
    config = transfers(f'{BY_KEY}[transfer]\nallow = ["key:{peers.KEY_NAME}"]\n'
                       f'directory = "{tmp_path / "store"}"\n'
                       f'notify = ["127.0.0.1:{theirs.port}"]\n')
    ours = Server(zones, "--settings", config)
    ours.__enter__()
    try:
        with theirs.as_secondary(ZONE, ours.port):
            peers.wait_until(lambda: peers.serial_at(theirs.port, ZONE) == 7, "the first transfer")
            status, text = update("nsupdate", ours.port, [f"update add new.{ZONE} 60 A 192.0.2.7"])
            assert status == 0, text
            peers.wait_until(lambda: peers.serial_at(theirs.port, ZONE) == 8,
                             "the transfer after NOTIFY", seconds=25)
            assert answers(theirs.port, "new", "A") == ["192.0.2.7"]
    finally:
        ours.kill()
    with Server(zones, "--settings", config) as again:
        assert answers(again.port, "new", "A") == ["192.0.2.7"]
        assert peers.serial_at(again.port, ZONE) == 8


@pytest.mark.parametrize("peer", [peers.Bind, peers.Knot], ids=lambda peer: peer.program)
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_secondary_passes_it_on(peer, tcp, zones, transfers, tmp_path):
    """Its primary judges, by a key that the secondary does not know."""
    empty = tmp_path / "none"
    empty.mkdir()
    theirs = peer(tmp_path / "peer")
    theirs.allow_update()
    config = transfers(f'[[secondary]]\nzone = "{ZONE}"\nkey = "{peers.KEY_NAME}"\n'
                       f'primaries = ["127.0.0.1:{theirs.port}"]\n'
                       f'forward_updates = ["127.0.0.1"]\n')
    with Server(empty, "--settings", config) as ours:
        with theirs.as_primary(ZONE, zones / f"{ZONE}.zone", ours.port):
            peers.wait_until(lambda: peers.serial_at(ours.port, ZONE) == 7, "the first transfer")
            script = "\n".join([f"server 127.0.0.1 {ours.port}", f"zone {ZONE}",
                                f"update add new.{ZONE} 60 A 192.0.2.7", "send", ""])
            for key, is_right in ((f"hmac-sha256:update.example:{peers.SECRET}", True),
                                  (f"hmac-sha256:stranger.example:{peers.SECRET}", False)):
                done = subprocess.run(
                    ["nsupdate", *(["-v"] if tcp else []), "-y", key], input=script,
                    capture_output=True, text=True, timeout=60, check=False)
                assert (done.returncode == 0) == is_right, done.stdout + done.stderr
            peers.wait_until(lambda: answers(ours.port, "new", "A") == ["192.0.2.7"],
                             "the update, back from the primary", seconds=40)


def test_without_a_primary_it_is_servfail(transfers, tmp_path):
    empty = tmp_path / "none"
    empty.mkdir()
    config = transfers(f'[transfer]\ndirectory = "{tmp_path / "store"}"\n'
                       f'[[secondary]]\nzone = "{ZONE}"\n'
                       f'primaries = ["127.0.0.1:{peers.free_port()}"]\n'
                       f'forward_updates = ["127.0.0.1"]\n')
    with Server(empty, "--settings", config) as ours:
        change = dns.update.UpdateMessage(ZONE)
        change.add("new", 60, "A", "192.0.2.7")
        for ask in (dns.query.udp, dns.query.tcp):
            answer = ask(change, "127.0.0.1", port=ours.port, timeout=20)
            assert answer.rcode() == dns.rcode.SERVFAIL


def test_certbots_plugin_proves_a_domain(zones, transfers):
    config = transfers(BY_KEY + 'names = ["match:_acme-challenge.*.odd.example"]\n'
                       'types = ["TXT"]\n')
    with Server(zones, "--settings", config) as ours:
        updates.prove_with_certbot(ours.port, ZONE)
