"""`nearcast`, the operator's command, against a controller over TLS: every verb, word by word."""

import json
import os
import pathlib
import shlex
import subprocess
import time

import pytest

import peers
from controller import Controller, program, replace
from test_network import network_sections, public_key

NEARCAST = pathlib.Path(program("nearcast"))
LIMIT = 120  # Seconds; what hangs, hangs for longer.
OTHER_PIN = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
ZONE_FILE = """$TTL 300
@ IN SOA ns1.example.net. host.example.net. 7 3600 600 86400 300
@ NS ns1.example.net.
www A 192.0.2.1
"""


@pytest.fixture(scope="module")
def control(tmp_path_factory):
    with Controller(tmp_path_factory.mktemp("command"), tls=True) as controller:
        yield controller


class Operator:
    """Somebody with a shell, whose contexts are in a folder of their own."""

    def __init__(self, control, folder):
        self.control = control
        self.folder = folder
        self.url = f"https://localhost:{control.api_port}"
        self.state = control.folder / "state"
        self.environment = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(folder / "config"),
                            "HOME": str(folder), "TMPDIR": str(folder)}

    def run(self, *words, status=0, typed="", **environment):
        done = subprocess.run([NEARCAST, *words], capture_output=True, text=True, input=typed,
                              timeout=LIMIT, env=self.environment | environment, cwd=self.folder)
        assert done.returncode == status, (words, done.stdout, done.stderr)
        return done

    def out(self, *words, **more):
        return self.run(*words, **more).stdout

    def json(self, *words, **more):
        return json.loads(self.out(*words, "--json", **more))

    def err(self, *words, status=1, **more):
        return self.run(*words, status=status, **more).stderr

    def editor(self, script):
        """$EDITOR, which gets the file as $1."""
        path = self.folder / "editor"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        return {"EDITOR": str(path)}


@pytest.fixture
def stranger(control, tmp_path):
    return Operator(control, tmp_path)


@pytest.fixture
def operator(stranger):
    stranger.run("context", "add", "lab", "--url", stranger.url, "--ca", stranger.state / "api.pem",
                 "--key-file", stranger.state / "admin.key")
    yield stranger
    for zone in stranger.json("zone", "list"):
        stranger.run("zone", "delete", zone["name"], "--yes")


@pytest.fixture
def zone(operator):
    operator.run("zone", "add", "example.org", "--ns", "ns1.example.net")
    return "example.org"


def contents(operator, name, kind, zone="example.org"):
    return [record["content"]
            for rrset in operator.json("record", "list", zone, name, kind)
            for record in rrset["records"]]


# Who is asked, and how he proves it.

def test_without_a_context_it_says_how_to_add_one(stranger):
    assert "nearcast context add" in stranger.err("zone", "list")
    assert "there is no context moon" in stranger.err("zone", "list", "--context", "moon")


def test_contexts_are_added_listed_used_and_removed(operator):
    file = operator.folder / "config/nearcast/contexts.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    operator.run("context", "add", "other", "--url", "https://control.example:8053", "--key", "k")
    assert "there is a context other already" in operator.err(
        "context", "add", "other", "--url", "https://control.example:8053")
    known = operator.json("context", "list")
    assert [(each["name"], each["is_current"]) for each in known] == [("lab", True), ("other", False)]
    assert operator.control.key not in json.dumps(known)
    operator.run("context", "use", "other")
    assert "*  other" in operator.out("context", "list")
    operator.run("zone", "list", "--context", "lab")
    operator.run("zone", "list", NEARCAST_CONTEXT="lab")
    operator.run("context", "use", "lab")
    operator.run("context", "remove", "other")
    assert len(operator.json("context", "list")) == 1
    file.chmod(0o640)
    assert f"chmod 600 {file}" in operator.err("context", "list")
    file.chmod(0o600)


def test_a_pin_is_enough_and_another_is_refused(stranger):
    pin = stranger.out("context", "pin", stranger.state / "api.pem").strip()
    assert stranger.json("context", "pin", stranger.state / "api.pem") == {
        "certificate": str(stranger.state / "api.pem"), "pin": pin}
    add = ["context", "add", "--url", stranger.url, "--key-file", "-"]
    stranger.run(*add, "right", "--pin", pin, typed=stranger.control.key)
    stranger.run(*add, "wrong", "--pin", OTHER_PIN, typed=stranger.control.key)
    stranger.run(*add, "none", typed=stranger.control.key)
    stranger.run("zone", "list", "--context", "right")
    for name in ["wrong", "none"]:
        told = stranger.err("zone", "list", "--context", name)
        assert "cannot be believed" in told and pin in told


def test_a_wrong_key_is_told(stranger):
    stranger.run("context", "add", "lab", "--url", stranger.url, "--key", "nck_wrong",
                 "--ca", stranger.state / "api.pem")
    assert "is the key right" in stranger.err("zone", "list")


def test_what_is_not_understood_ends_with_2(operator):
    operator.run("zone", status=2)
    operator.run("zone", "list", "--colour", status=2)
    operator.run("record", "set", "example.org", status=2)
    told = operator.err("record", "set", "example.org", "www", "A", "192.0.2.80", status=2)
    assert '"192.0.2.80" is no TTL' in told


def test_a_name_in_data_is_relative_and_does_not_repeat_the_zone(operator, zone):
    for words in (("@", "NS", "300", "ns1.example.org"), ("@", "MX", "300", "10 mx.example.org"),
                  ("_x._tcp", "SRV", "300", "0 5 443 web.example.org"),
                  ("www", "CNAME", "300", "web.example.org")):
        told = operator.err("record", "set", zone, *words)
        assert "would be " in told and ".example.org.example.org." in told
    assert contents(operator, "@", "NS") == ["ns1.example.net."]
    told = operator.out("record", "set", zone, "@", "MX", "300", "10 mx", "20 mx.example.net.")
    assert "\n  example.org. 300 IN MX 10 mx.example.org.\n" in told
    assert "\n  example.org. 300 IN MX 20 mx.example.net.\n" in told
    assert "example.org. 300" not in operator.out("record", "delete", zone, "@", "MX")


def test_a_name_server_of_one_word_is_in_the_new_zone(operator):
    told = operator.out("zone", "add", "example.org", "--ns", "ns1", "--ns", "ns2.example.net")
    assert "served by ns1.example.org., ns2.example.net." in told
    assert contents(operator, "@", "NS") == ["ns1.example.org.", "ns2.example.net."]


def test_what_is_not_there_is_not_told_as_empty(operator, zone):
    for words in (("zone", "history", "nope.org"), ("change", "list", "--zone", "nope.org")):
        assert "there is no zone nope.org" in operator.err(*words)
        assert "there is no zone nope.org" in operator.err(*words, "--json")
    assert operator.out("zone", "list", "nope.org") == "there is no zone nope.org\n"
    assert operator.out("zone", "list", "*.nope") == "none of 1 zones matches *.nope\n"
    for words in (("zone", "history", zone), ("change", "list"), ("audit", "list")):
        for limit in ("0", "-1"):
            assert "--limit" in operator.err(*words, "--limit", limit, status=2)
        operator.run(*words, "--limit", "1")


# Zones.

def test_a_zone_is_added_listed_shown_exported_and_deleted(operator):
    operator.run("zone", "add", "example.org", "--ns", "ns1.example.net", "--comment", "a new one")
    operator.run("zone", "add", "example.com.", "--ns", "ns1.example.net")
    assert [zone["name"] for zone in operator.json("zone", "list")] == [
        "example.com.", "example.org."]
    assert [zone["name"] for zone in operator.json("zone", "list", "*.org")] == ["example.org."]
    assert [zone["name"] for zone in operator.json("zone", "list", "example.com")] == [
        "example.com."]
    heads, *rows = operator.out("zone", "list").splitlines()
    assert len(rows) == 2 and all(row.index("Native") == heads.index("KIND") for row in rows)
    assert "a new one" in operator.out("zone", "show", "example.org")
    assert operator.json("zone", "show", "example.org")["kind"] == "Native"
    assert "IN\tSOA\t" in operator.out("zone", "export", "example.org")
    assert "zone" in operator.json("zone", "export", "example.org")
    operator.run("zone", "notify", "example.org")
    assert "nothing was deleted" in operator.err("zone", "delete", "example.org", typed="n\n")
    operator.run("zone", "delete", "example.org", "--comment", "not needed", typed="y\n")
    assert operator.json("change", "list", "--limit", "1")[0]["comment"] == "not needed"
    assert "try: the lists" in operator.err("zone", "show", "example.org")


def test_a_zone_that_cannot_be_served_says_why(operator):
    assert "@ NS 1h NAMESERVER" in operator.run("zone", "add", "example.org").stderr
    assert "NAMESERVER" not in operator.err("zone", "add", "example.org")
    assert "NAMESERVER" not in operator.err("zone", "add", "example.com", "--kind", "Foo")
    assert operator.err("zone", "add", "catalog.example", "--kind", "Producer", status=0) == ""
    peers.wait_until(lambda: "\nproblem  no NS record at example.org.\n" in
                     operator.out("zone", "show", "example.org"), "what is wrong with the zone")
    operator.run("record", "set", "example.org", "@", "NS", "300", "ns1.example.net.")
    peers.wait_until(lambda: "problem" not in operator.out("zone", "show", "example.org"),
                     "the zone to be served")


def test_a_zone_that_was_not_fetched_yet_is_told_so(operator):
    told = operator.out("zone", "add", "example.org", "--secondary", "--primary", "127.0.0.1:1")
    assert "is added, and will be fetched" in told
    _, row = operator.out("zone", "list").splitlines()
    assert "not yet" in row
    assert "served   not yet" in operator.out("zone", "show", "example.org")
    assert "example.org. is deleted" in operator.out("zone", "delete", "example.org", "--yes")


PATIENTLY = ("--timeout", "60")  # A busy machine may take longer than is waited for by itself.


def test_a_change_that_cannot_be_published_says_so(operator, zone):
    told = operator.run("record", "delete", zone, "@", "NS", *PATIENTLY)
    assert "example.org. NS is deleted" in told.stdout
    assert "example.org. cannot be published as it is now: no NS record" in told.stderr
    assert "cannot be published" in operator.err("record", "set", zone, "www", "A", "300",
                                                 "192.0.2.1", *PATIENTLY, status=0)
    assert "what was served before goes on" in told.stderr
    assert operator.err("record", "set", zone, "@", "NS", "300", "ns1.example.net.", *PATIENTLY,
                        status=0) == ""
    in_json = operator.run("record", "delete", zone, "@", "NS", "--json", *PATIENTLY)
    assert json.loads(in_json.stdout)["sequence"]
    assert "no NS record" in in_json.stderr


def test_of_a_zone_that_was_never_served_nothing_goes_on(operator):
    bare = ZONE_FILE.replace("@ NS ns1.example.net.\n", "")
    for name in ("one", "two", "three"):
        (operator.folder / f"{name}.zone").write_text(bare)
    for told in (operator.err("zone", "add", "example.com", *PATIENTLY, status=0),
                 operator.err("record", "set", "example.com", "www", "A", "300", "192.0.2.1",
                              *PATIENTLY, status=0),
                 operator.err("zone", "import", "one.zone", *PATIENTLY, status=0),
                 operator.err("zone", "import", "two.zone", "three.zone", "--json", *PATIENTLY,
                              status=0)):
        assert "cannot be published as it is now: no NS record" in told
        assert "goes on" not in told
    assert "two. cannot be published" in told and "three. cannot be published" in told


def test_a_zone_is_made_of_a_file_and_only_under_its_name(operator):
    (operator.folder / "new.zone").write_text(ZONE_FILE)
    operator.run("zone", "add", "example.org", "--file", "new.zone")
    assert contents(operator, "www", "A") == ["192.0.2.1"]
    (operator.folder / "bad.zone").write_text("@ IN A nonsense\n")
    assert "bad.zone:1:8" in operator.err("zone", "add", "example.com", "--file", "bad.zone")


def test_the_history_has_what_was_done_and_takes_it_back(operator, zone):
    operator.run("record", "set", zone, "www", "A", "300", "192.0.2.1", "--comment", "first")
    operator.run("record", "set", zone, "www", "A", "300", "192.0.2.2")
    newest, first, made = operator.json("zone", "history", zone)[:3]
    assert first["comment"] == "first" and made["kind"] == "create"
    assert operator.json("change", "list", "--zone", zone)[0] == newest
    shown = operator.out("change", "show", str(newest["sequence"]))
    assert "- www.example.org. 300 IN A 192.0.2.1\n+ www.example.org. 300 IN A 192.0.2.2" in shown
    assert operator.err("change", "revert", str(first["sequence"]))
    operator.run("zone", "revert", zone, str(newest["sequence"]))
    assert contents(operator, "www", "A") == ["192.0.2.1"]
    undone = operator.json("change", "list", "--limit", "1")[0]
    operator.run("change", "revert", str(undone["sequence"]))
    assert contents(operator, "www", "A") == ["192.0.2.2"]
    operator.run("zone", "add", "example.com", "--ns", "ns1.example.net")
    assert "is of example.org." in operator.err("zone", "revert", "example.com",
                                                str(newest["sequence"]))


def test_the_zone_is_signed_and_unsigned(operator, zone):
    assert "not signed" in operator.out("zone", "dnssec", "status", zone)
    assert operator.json("zone", "dnssec", "enable", zone, "--nsec3", "1 0 0 -")["enabled"]
    status = operator.out("zone", "dnssec", "status", zone)
    assert "csk" in status and "NSEC3 1 0 0 -" in status
    assert operator.json("zone", "dnssec", "ds", zone) == []
    before = operator.json("zone", "dnssec", "status", zone)["own_keys"]
    operator.run("zone", "dnssec", "rollover", zone)
    assert operator.json("zone", "dnssec", "status", zone)["own_keys"] != before
    assert "nothing was changed" in operator.err("zone", "dnssec", "disable", zone, typed="\n")
    assert not operator.json("zone", "dnssec", "disable", zone, "--yes")["enabled"]


# Records.

def test_records_are_set_added_and_deleted(operator, zone):
    operator.run("record", "set", zone, "www", "A", "5m", "192.0.2.1", "192.0.2.2")
    operator.run("record", "add", zone, "www.example.org.", "A", "300", "192.0.2.3")
    assert contents(operator, "www", "A") == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    operator.run("record", "delete", zone, "www", "A", "192.0.2.2")
    assert contents(operator, "www", "A") == ["192.0.2.1", "192.0.2.3"]
    assert "nothing changes" in operator.out("record", "delete", zone, "ftp", "A")
    operator.run("record", "delete", zone, "www", "A")
    assert contents(operator, "www", "A") == []
    operator.run("record", "set", zone, "@", "MX", "300", "10 mail")
    operator.run("record", "set", zone, "@", "TXT", "300", "v=spf1 mx -all")
    assert contents(operator, "@", "MX") == ["10 mail.example.org."]
    assert contents(operator, "@", "TXT") == ['"v=spf1 mx -all"']
    assert "10 mail.example.org." in operator.out("record", "list", zone)


def test_a_mistake_in_a_record_is_told_before_anybody_is_asked(operator, zone):
    assert "would be www.example.org.example.org." in operator.err(
        "record", "set", zone, "www.example.org", "A", "300", "192.0.2.1")
    assert "no record type is named ADDRESS" in operator.err(
        "record", "set", zone, "www", "ADDRESS", "300", "192.0.2.1")
    assert "MX needs" in operator.err("record", "set", zone, "@", "MX", "300", "mail")
    assert "is no TTL" in operator.err("record", "set", zone, "www", "A", "x", "192.0.2.1", status=2)
    # And what only the controller can know, in its words.
    operator.run("record", "set", zone, "a", "CNAME", "300", "b")
    assert "a.example.org. IN A" in operator.err("record", "add", zone, "a", "A", "300", "192.0.2.1")


# A zone in an editor.

def switch_off(operator, name, content):
    set_ = replace(name, "A", content, "192.0.2.200")
    set_["records"][1]["disabled"] = True
    assert operator.control.patch(set_, zone="example.org.").status == 204


def test_an_edit_changes_the_sets_that_differ_and_nothing_else(operator, zone):
    switch_off(operator, "www.example.org.", "192.0.2.1")
    operator.run("record", "set", zone, "mail", "A", "300", "192.0.2.9")
    editor = operator.editor("sed -i 's/192.0.2.1$/192.0.2.77/' \"$1\"")
    shown = operator.out("zone", "edit", zone, "--comment", "by hand", typed="y\n", **editor)
    assert "- www.example.org. 300 IN A 192.0.2.1\n+ www.example.org. 300 IN A 192.0.2.77" in shown
    assert "mail" not in shown
    change = operator.json("change", "list", "--limit", "1")[0]
    assert change["comment"] == "by hand"
    touched = operator.json("change", "show", str(change["sequence"]))["diff"]["rrsets"]
    assert [rrset["name"] for rrset in touched if rrset["type"] != "SOA"] == ["www.example.org."]
    records = operator.json("record", "list", zone, "www", "A")[0]["records"]
    assert {"content": "192.0.2.200", "disabled": True} in records
    assert not list(operator.folder.glob("nearcast-*"))


def test_an_edit_without_a_change_and_one_that_is_not_wanted_change_nothing(operator, zone):
    before = operator.json("change", "list", "--limit", "1")
    assert "nothing was changed" in operator.out("zone", "edit", zone, **operator.editor("true"))
    editor = operator.editor("echo 'www A 192.0.2.1' >> \"$1\"")
    told = operator.err("zone", "edit", zone, typed="n\n", **editor)
    assert "what was typed is in" in told
    assert "www A 192.0.2.1" in pathlib.Path(told.split("what was typed is in ")[1].strip()).read_text()
    assert operator.json("change", "list", "--limit", "1") == before


def test_an_edit_may_take_longer_than_the_controller_keeps_a_connection(operator, zone):
    editor = operator.editor("sleep 6; echo 'new A 192.0.2.1' >> \"$1\"")
    operator.run("zone", "edit", zone, "--yes", **editor)
    assert contents(operator, "new", "A") == ["192.0.2.1"]


def test_an_edit_tells_a_program_what_came_of_it(operator, zone):
    serial = operator.json("zone", "show", zone)["serial"]
    told = operator.json("zone", "edit", zone, **operator.editor("true"))
    assert told == {"sequence": None, "old_serial": serial, "new_serial": serial}
    respelled = operator.editor("echo '; a comment' >> \"$1\"")
    assert operator.json("zone", "edit", zone, **respelled) == told
    editor = operator.editor("echo 'new A 192.0.2.1' >> \"$1\"")
    done = operator.run("zone", "edit", zone, "--json", typed="y\n", **editor)
    assert "+ new.example.org. " in done.stderr, "the question and what it is about"
    last = operator.json("change", "list", "--limit", "1")[0]
    assert json.loads(done.stdout) == {"sequence": last["sequence"], "old_serial": serial,
                                       "new_serial": last["new_serial"]}


def test_a_mistake_can_be_edited_again_and_nothing_typed_is_lost(operator, zone):
    # First a line that is none, beside a good one; then the line is mended.
    editor = operator.editor("if grep -q nonsense \"$1\"; then sed -i s/nonsense/192.0.2.3/ \"$1\"; "
                             "else printf 'a A 192.0.2.2\\nb A nonsense\\n' >> \"$1\"; fi")
    done = operator.run("zone", "edit", zone, typed="y\ny\n", **editor)
    assert '"nonsense" is not an IPv4 address' in done.stderr and "Edit again?" in done.stderr
    assert contents(operator, "a", "A") == ["192.0.2.2"]
    assert contents(operator, "b", "A") == ["192.0.2.3"]
    # What only the controller finds.
    editor = operator.editor("if grep -q CNAME \"$1\"; then sed -i s/CNAME.*/'A 192.0.2.5'/ \"$1\"; "
                             "else echo 'a CNAME b' >> \"$1\"; fi")
    done = operator.run("zone", "edit", zone, typed="y\ny\ny\n", **editor)
    assert "a.example.org." in done.stderr
    assert sorted(contents(operator, "a", "A")) == ["192.0.2.2", "192.0.2.5"]


def test_an_edit_goes_on_top_of_what_others_changed_meanwhile(operator, zone):
    meanwhile = f"{NEARCAST} record set {zone} %s A 300 192.0.2.50 >&2; echo 'a A 192.0.2.1' >> \"$1\""
    done = operator.run("zone", "edit", zone, "--yes", **operator.editor(meanwhile % "other"))
    assert "meanwhile somebody else has changed the zone" in done.stderr
    assert contents(operator, "a", "A") == ["192.0.2.1"]
    assert contents(operator, "other", "A") == ["192.0.2.50"]
    told = operator.err("zone", "edit", zone, "--yes", **operator.editor(
        f"{NEARCAST} record set {zone} a A 300 192.0.2.50 >&2; sed -i s/192.0.2.1$/192.0.2.2/ \"$1\""))
    assert "both have changed a.example.org. A" in told and "what was typed is in" in told
    assert contents(operator, "a", "A") == ["192.0.2.50"]


# Zones from elsewhere.

def test_a_directory_is_imported_but_for_a_bad_zone(operator):
    folder = operator.folder / "zones"
    folder.mkdir()
    for i in range(20):
        (folder / f"z{i}.example.zone").write_text(ZONE_FILE)
    (folder / "bad.example.zone").write_text(ZONE_FILE + "x A nonsense\n")
    done = operator.run("zone", "import", "zones", status=1)
    assert "21 zones: 20 created, 1 failed" in done.stdout
    assert "bad.example.zone:5" in done.stdout
    assert len(operator.json("zone", "list")) == 20
    (folder / "z3.example.zone").write_text(ZONE_FILE.replace("192.0.2.1", "192.0.2.2"))
    (folder / "bad.example.zone").unlink()
    outcomes = operator.json("zone", "import", "zones", "--comment", "again")
    assert {each["zone"]: each["outcome"] for each in outcomes if each["outcome"] != "unchanged"} \
        == {"z3.example.": "changed"}
    assert contents(operator, "www", "A", "z3.example") == ["192.0.2.2"]
    assert operator.json("change", "list", "--limit", "1")[0]["comment"] == "again"
    assert "z3.example. is unchanged" in operator.out("zone", "import", "zones/z3.example.zone")
    # A later serial is a change, and is one once.
    (folder / "z4.example.zone").write_text(ZONE_FILE.replace(" 7 ", " 2100000000 "))
    assert "z4.example. is changed" in operator.out("zone", "import", "zones/z4.example.zone")
    assert operator.json("zone", "show", "z4.example")["serial"] == 2100000000
    assert "z4.example. is unchanged" in operator.out("zone", "import", "zones/z4.example.zone")


def test_two_zones_are_compared_in_files_and_at_the_controller(operator):
    file = operator.folder / "example.org.zone"
    file.write_text(ZONE_FILE)
    operator.run("zone", "import", file)
    assert operator.out("zone", "diff", "example.org", file) == ""
    operator.run("record", "set", "example.org", "www", "A", "300", "192.0.2.2")
    lines = operator.out("zone", "diff", "example.org", file, status=1).splitlines()
    assert "-www.example.org. 300 IN A 192.0.2.2" in lines
    assert "+www.example.org. 300 IN A 192.0.2.1" in lines
    www = {"name": "www.example.org.", "ttl": 300, "type": "A"}
    told = operator.json("zone", "diff", "example.org", file, status=1)
    assert not told["is_same"]
    assert [each for each in told["removed"] if each["type"] != "SOA"] == [
        www | {"content": "192.0.2.2"}]
    assert [each for each in told["added"] if each["type"] != "SOA"] == [
        www | {"content": "192.0.2.1"}]
    assert operator.json("zone", "diff", file, file) == {"is_same": True, "removed": [], "added": []}
    assert "there is no file" in operator.err("zone", "diff", "a..b", file, status=2)


def test_a_zone_file_is_printed_for_programs(operator):
    file = operator.folder / "example.org.zone"
    file.write_text(ZONE_FILE + 'a\\032b TXT "two  words" "and one"\n')
    told = operator.json("zone", "format", file)
    assert told["zone"] == "example.org."
    lines = [f"{each['name']} {each['ttl']} IN {each['type']} {each['content']}"
             for each in told["records"]]
    assert lines == operator.out("zone", "format", file).splitlines()
    assert {"name": "a\\032b.example.org.", "ttl": 300, "type": "TXT",
            "content": '"two  words" "and one"'} in told["records"]
    operator.run("zone", "format", file, "--json", "--relative", status=2)


def test_a_zone_comes_from_another_server(operator):
    operator.run("context", "list")
    file = operator.folder / "example.org.zone"
    file.write_text(ZONE_FILE)
    with peers.Nsd(operator.folder / "nsd").as_primary("example.org", file, 1) as nsd:
        peers.wait_until(lambda: peers.serial_at(nsd.port, "example.org") == 7, "NSD")
        server = ["zone", "import", "--axfr", f"127.0.0.1:{nsd.port}", "example.org"]
        assert "example.org. from 127.0.0.1" in operator.err(*server)
        key = ["--tsig", f"hmac-sha256:{peers.KEY_NAME}:{peers.SECRET}"]
        assert "is created" in operator.out(*server, *key)
        assert "is unchanged" in operator.out(*server, *key)
    assert contents(operator, "www", "A") == ["192.0.2.1"]
    assert "is no address of a server" in operator.err("zone", "import", "--axfr", "ns1", "a.example")


# The network, keys and the audit log.

def test_a_catalog_of_others_is_shown_with_how_it_comes(operator):
    made = operator.control.ask("POST", "/zones", {"name": "catalog.example.", "kind": "Consumer",
                                                   "masters": ["127.0.0.1:1"]})
    assert made.status == 201
    told = operator.out("zone", "show", "catalog.example")
    assert "Consumer" in told and "waiting" in told
    operator.run("zone", "delete", "catalog.example", "--yes")


def test_places_are_added_shown_and_removed(operator):
    operator.run("pop", "add", "sin", "--city", "Singapore", "--neighbor",
                 "transit,198.51.100.1,65001,customer")
    assert operator.json("pop", "show", "sin")["neighbors"][0]["asn"] == 65001
    assert "transit" in operator.out("pop", "show", "sin")
    assert "Singapore" in operator.out("pop", "list")
    assert "no section [network]" in operator.err("pop", "invite", "sin")
    assert "NAME,ADDRESS,ASN" in operator.err("pop", "add", "x", "--neighbor", "transit")
    node = {"name": "knot-sin", "pop": "sin", "pin": OTHER_PIN, "address": "127.0.0.1:53"}
    assert operator.control.ask("POST", "/api/v1/nodes", node).status == 201
    assert [each["name"] for each in operator.json("node", "list")] == ["knot-sin"]
    assert "knot-sin" in operator.out("node", "list")
    assert operator.json("node", "show", "knot-sin")["pop"] == "sin"
    shown = operator.out("node", "show", "knot-sin").splitlines()
    assert {"node     knot-sin", "state    new", "pin      " + OTHER_PIN} <= set(shown)
    assert "there is no node" in operator.err("node", "show", "nowhere")
    assert operator.err("pop", "remove", "sin", "--yes")
    assert "nothing was revoked" in operator.err("node", "revoke", "knot-sin", typed="\n")
    operator.run("node", "revoke", "knot-sin", "--yes")
    operator.run("pop", "remove", "sin", typed="y\n")
    assert operator.json("pop", "list") == []


def test_adding_a_place_prints_the_command_that_joins_a_server(tmp_path):
    with Controller(tmp_path / "control", network_sections(), tls=True) as control:
        operator = Operator(control, tmp_path)
        operator.run("context", "add", "lab", "--url", operator.url, "--key", control.key,
                     "--ca", operator.state / "api.pem")
        told = operator.out("pop", "add", "sin", "--city", "Singapore")
        assert "run this on the server that becomes sin1" in told
        command = shlex.split(told.strip().splitlines()[-1])
        assert command[:4] == ["nearcast", "node", "join", f"https://127.0.0.1:{control.api_port}"]
        again = operator.json("pop", "invite", "sin", "--node", "sin-two")
        assert again["node"] == "sin-two" and again["token"] in again["command"]
        key = public_key(tmp_path)
        body = {"token": command[4], "public_key": key, "address": "127.0.0.1:5353"}
        assert control.ask("POST", "/api/v1/join", body, key=False).status == 201
        assert [each["name"] for each in operator.json("node", "list")] == ["sin1"]


def test_tsig_keys_are_made_listed_and_removed(operator, zone):
    name = f"acme.{zone}"
    text = operator.out("key", "add", name, "--tsig", "--zone", zone, "--type", "TXT")
    _, _, shown = text.partition("nsupdate -y ")
    algorithm, shown_name, secret = shown.split()[0].split(":")
    assert (algorithm, shown_name) == ("hmac-sha256", name) and len(secret) == 44
    assert f"zones {zone}; types TXT" in operator.out("key", "list", "--tsig")
    assert name not in operator.out("key", "list")
    given = operator.json("key", "add", f"own.{zone}", "--tsig", "--secret", secret, "--algorithm",
                          "hmac-sha512", "--right", "read")
    assert (given["key"], given["algorithm"], given["right"]) == (secret, "hmac-sha512", "read")
    for each in (name, f"own.{zone}"):
        assert "nothing was removed" in operator.err("key", "remove", each, "--tsig", typed="n\n")
        assert each in operator.out("key", "list", "--tsig")
        assert "is removed" in operator.out("key", "remove", each, "--tsig", "--yes")
    assert name not in operator.out("key", "list", "--tsig")


def test_keys_are_made_listed_and_removed(operator, zone):
    key = operator.json("key", "add", "acme", "--right", "change", "--zone", zone, "--type", "TXT",
                        "--days", "2")
    operator.run("context", "add", "acme", "--url", operator.url, "--key", key["key"],
                 "--ca", operator.state / "api.pem")
    operator.run("record", "set", zone, "x", "TXT", "60", "token", "--context", "acme")
    assert "does not cover it" in operator.err("record", "set", zone, "x", "A", "60", "192.0.2.1",
                                               "--context", "acme")
    assert "zones example.org; types TXT" in operator.out("key", "list")
    operator.run("key", "remove", str(key["id"]), typed="y\n")
    assert "is the key right" in operator.err("zone", "list", "--context", "acme")
    assert "key" not in operator.json("key", "list")[0]


def test_the_audit_log_is_listed_and_verified(operator, zone):
    assert operator.json("audit", "list", "--limit", "1")[0]["subject"] == "example.org."
    assert "zone.create" in operator.out("audit", "list")
    assert "as they were written" in operator.out("audit", "verify")


def test_an_altered_audit_log_is_found(tmp_path):
    with Controller(tmp_path / "control", tls=True) as control:
        operator = Operator(control, tmp_path)
        operator.run("context", "add", "lab", "--url", operator.url, "--key", control.key,
                     "--ca", operator.state / "api.pem")
        operator.run("zone", "add", "example.org", "--ns", "ns1.example.net")
        operator.run("zone", "delete", "example.org", "--yes")
        subprocess.run(["sqlite3", operator.state / "control.db",
                        "UPDATE audit SET detail = 'nothing' WHERE action = 'zone.create'"],
                       check=True, timeout=LIMIT)
        assert "BROKEN at entry" in operator.out("audit", "verify", status=1)
        assert operator.json("audit", "verify", status=1)["broken_at"]


def test_a_change_is_waited_for(operator, zone):
    done = operator.out("record", "set", zone, "www", "A", "300", "192.0.2.1", "--wait", "all")
    assert "www.example.org. A is set" in done and "there is no node" in done
    change = operator.json("change", "list", "--limit", "1")[0]["sequence"]
    assert operator.json("change", "wait", str(change))["receipts"]["served_by_all"]
    begun = time.monotonic()
    operator.run("pop", "add", "x")
    late = operator.json("change", "wait", str(change), "--for", "pop:x", "--timeout", "0", status=1)
    assert late["receipts"]["pops"] == [] and time.monotonic() - begun < 30
    operator.run("record", "set", zone, "www", "A", "300", "192.0.2.2", "--wait", "pop:x",
                 "--timeout", "0", status=1)
    operator.run("pop", "remove", "x", "--yes")
    for wait, told in (("pop:x", "there is no place x"), ("half", "is nobody to wait for")):
        error = operator.err("record", "set", zone, "www", "A", "300", "192.0.2.3", "--wait", wait)
        assert told in error
    assert contents(operator, "www", "A") == ["192.0.2.2"], "nothing was done"
    assert "61" in operator.err("change", "wait", str(change), "--timeout", "61", status=2)


def test_a_word_that_is_none_is_named(stranger):
    for words in (("bogus",), ("zone", "bogus"), ("zone", "dnssec", "bogus")):
        told = stranger.err(*words, status=2)
        assert '"bogus"' in told and " ".join(("nearcast", *words[:-1])) + " --help" in told
    told = stranger.err("zone", "list", "--colour", "red", status=2)
    assert 'nearcast zone list knows no "--colour"' in told, "the first, in the order of the line"
    assert stranger.out("--version").startswith("nearcast ")


def test_options_of_all_verbs_stand_in_front_too(operator, zone):
    there = operator.out("zone", "list", "--json", "--context", "lab")
    for words in (("--context", "lab", "--json", "zone", "list"),
                  ("--context=lab", "zone", "--json", "list"),
                  ("zone", "--context", "lab", "list", "--json")):
        assert operator.out(*words) == there, words
    assert "there is no context moon" in operator.err("--context", "moon", "zone", "list")
    assert operator.json("--context", "lab", "zone", "dnssec", "status", zone)["zone"] == zone + "."
    # What stands behind the verb is the verb's, whatever it looks like.
    operator.run("--context", "lab", "record", "set", zone, "t", "TXT", "300", "--", "--context")
    assert contents(operator, "t", "TXT") == ['"--context"']
    assert '"bogus"' in operator.err("--context", "lab", "bogus", "list", status=2)
    assert '"bogus"' in operator.err("--context", "lab", "zone", "bogus", status=2)
    assert 'knows no "--json"' in operator.err("--json", "completion", "bash", status=2)
    assert "--context NAME" in operator.out("--help")


def test_a_name_in_unicode_is_refused_with_the_way_to_write_it(operator, zone):
    for words in (("bücher", "A", "300", "192.0.2.1"), ("www", "CNAME", "300", "bücher.example.")):
        told = operator.err("record", "set", zone, *words)
        assert "A-labels" in told and "xn--bcher-kva" in told
    assert "A-labels" in operator.err("zone", "add", "bücher.example", "--ns", "ns1.example.net")


def test_a_file_includes_what_lies_beside_it_alone(operator):
    (operator.folder / "secret").write_text("of somebody else\n")
    (operator.folder / "in").mkdir()
    file = operator.folder / "in/example.org.zone"
    file.write_text(ZONE_FILE + "$INCLUDE ../secret\n")
    done = operator.run("zone", "import", file, status=1)
    assert "--allow-include" in done.stdout and "somebody" not in done.stdout + done.stderr
    (operator.folder / "secret").write_text("mail A 192.0.2.9\n")
    operator.run("zone", "import", file, "--allow-include")
    assert contents(operator, "mail", "A") == ["192.0.2.9"]


def test_tenants_and_users_are_made_listed_and_removed(tmp_path):
    plans = '[[plan]]\nname = "small"\nzones = 2\n[[plan]]\nname = "large"\n'
    with Controller(tmp_path / "control", plans, tls=True) as control:
        operator = Operator(control, tmp_path)
        operator.run("context", "add", "lab", "--url", operator.url, "--key", control.key,
                     "--ca", operator.state / "api.pem")
        operator.run("tenant", "add", "acme", "--plan", "small")
        operator.run("zone", "add", "example.org", "--account", "acme")
        assert "1 of 2" in operator.out("tenant", "list")
        operator.run("tenant", "set", "acme", "--plan", "large")
        assert operator.json("tenant", "show", "acme")["plan"] == "large"
        password = "correct horse battery"
        assert "/api/v1/sessions" in operator.out("user", "add", "ann", "--tenant", "acme",
                                                  typed=password)
        in_use = operator.err("tenant", "remove", "acme", "--yes")
        assert "has 1 zones" in in_use and "faster" not in in_use
        assert "no password was typed" in operator.err("user", "add", "bob")
        credentials = {"user": "ann", "password": password}
        answer = control.ask("POST", "/api/v1/sessions", credentials, key=False)
        assert answer.status == 201
        assert "acme" in operator.out("user", "list")
        operator.run("user", "password", "ann", typed=password + "!")
        assert control.ask("POST", "/api/v1/sessions", credentials, key=False).status == 403
        assert "otpauth://" in operator.out("user", "totp", "ann")
        assert "nothing was removed" in operator.err("user", "remove", "ann", typed="n\n")
        operator.run("user", "remove", "ann", "--yes")
        assert operator.json("user", "list") == []
        operator.run("zone", "delete", "example.org", "--yes")
        operator.run("tenant", "remove", "acme", "--yes")
        assert operator.json("tenant", "list") == []


# Completion.

def completed(operator, line):
    """What bash offers where the line ends."""
    script = ('source <("$0" completion bash); COMP_WORDS=("${@:1}"); COMP_CWORD=$(($# - 1)); '
              '_nearcast; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, NEARCAST, *line.split(" ")], capture_output=True,
                          text=True, timeout=LIMIT, env=operator.environment)
    assert done.returncode == 0 and done.stderr == ""
    return done.stdout.split()


def test_bash_completes_what_there_is(stranger):
    assert completed(stranger, "nearcast zon") == ["zone"]
    assert {"add", "list", "edit", "check", "dnssec"} <= set(completed(stranger, "nearcast zone "))
    assert completed(stranger, "nearcast zone dnssec en") == ["enable"]
    assert not {"door", "relay"} & set(completed(stranger, "nearcast lab "))
    assert completed(stranger, "nearcast record set --wa") == ["--wait"]
    assert "--json" in completed(stranger, "nearcast --x zone list example.org -")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_every_verb(stranger, shell):
    script = stranger.out("completion", shell)
    for family in completed(stranger, "nearcast "):
        for verb in completed(stranger, f"nearcast {family} "):
            assert f"/{family}" in script and verb in script


def test_an_import_tells_what_is_likely_a_mistake(operator):
    file = operator.folder / "example.org.zone"
    file.write_text(ZONE_FILE + "www.example.org A 192.0.2.1\nftp CNAME www.example.org\n")
    done = operator.run("zone", "import", file)
    assert "www.example.org.example.org. has the name of the zone twice" in done.stderr
    assert "ftp.example.org. names www.example.org.example.org., which has" in done.stderr
    assert f"{file}:5:" in done.stderr and f"{file}:6:" in done.stderr
    assert "is created" in done.stdout
    assert "zone twice" in operator.out("zone", "check", file)


def test_an_import_takes_no_file_without_a_soa_and_no_zone_twice(operator):
    folder = operator.folder / "zones"
    folder.mkdir()
    (folder / "empty.zone").write_text("")
    (folder / "cut.zone").write_text("www 300 A 192.0.2.1\n")
    (folder / "one.zone").write_text("$ORIGIN same.example.\n" + ZONE_FILE)
    (folder / "two.zone").write_text("$ORIGIN same.example.\n" + ZONE_FILE)
    done = operator.run("zone", "import", "zones", status=1)
    assert "4 zones: 1 created, 3 failed" in done.stdout
    assert "empty.zone has no SOA record" in done.stdout
    assert "cut.zone has no SOA record" in done.stdout
    assert "same.example. was taken from " in done.stdout
    assert [zone["name"] for zone in operator.json("zone", "list")] == ["same.example."]
