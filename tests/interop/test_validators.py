"""Signed zones as we serve them, judged by programs that validate: a root, a domain, zones in it."""

import json
import subprocess

import dns.query
import dns.zone
import pytest

from differential import names, signing
from differential.zones import Signing, Zone

from server import Server

SIGNINGS = {
    "nsec": Signing("nsec"),
    "nsec3": Signing("nsec3", "ldns-signzone", "ab12", 3),
    "optout": Signing("opt-out"),
}
HOSTS = """www A 192.0.2.1
www AAAA 2001:db8::1
www HTTPS 1 . alpn=h2
deep.empty.name TXT "below empty non-terminals"
*.wild TXT "any"
alias CNAME www
tree DNAME wild
safe NS ns.safe
ns.safe A 192.0.2.3
safe DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
unsafe NS ns.unsafe
ns.unsafe A 192.0.2.4
"""
SECURE = [
    ("www", "A"), ("www", "AAAA"), ("www", "HTTPS"), ("deep.empty.name", "TXT"), ("x.wild", "TXT"),
    ("alias", "A"), ("x.tree", "TXT"), ("", "SOA"), ("", "NS"), ("safe", "DS"),
]  # fmt: skip
DENIED = [
    ("none", "A"), ("www", "MX"), ("empty.name", "A"), ("x.wild", "A"), ("a.b.none", "A"),
    ("unsafe", "DS"), ("x.www", "A"), ("alias", "MX"),
]  # fmt: skip
OPEN = {"unsafe", "none", "a.b.none", "x.wild", "x.tree", "x.www"}


def zone(text, kind, lines, folder):
    """Writes the signed zone's file."""
    made = Zone(names.from_text(text), kind)
    origin = text or ""
    head = [f"{made.name} 300 IN SOA ns.test. host.test. 1 3600 600 86400 300",
            f"{made.name} 300 IN NS ns.test."]  # fmt: skip
    made.lines = head + [f"$ORIGIN {origin}." if origin else "$ORIGIN .", "$TTL 300", *lines]
    source = folder / "unsigned" / made.file
    source.parent.mkdir(exist_ok=True)
    source.write_text(made.text())
    signing.sign(made, source, folder / "zones" / made.file)


@pytest.fixture(scope="module", name="tree")
def served_tree(tmp_path_factory):
    """The root with test. below it and a zone of each kind below that, served by one server."""
    folder = tmp_path_factory.mktemp("tree")
    (folder / "zones").mkdir()
    below = [f"{name}.test" for name in SIGNINGS]
    for name in below:
        zone(name, SIGNINGS[name.partition(".")[0]], HOSTS.splitlines(), folder)
    cuts = [f"{name}. NS ns.test.\n{name}. DS {signing.ds(names.from_text(name))}" for name in below]
    zone("test", SIGNINGS["nsec3"], ["ns A 127.0.0.1", *cuts], folder)
    top = ["test. NS ns.test.", f"test. DS {signing.ds(names.from_text('test'))}"]
    zone("", SIGNINGS["nsec"], [*top, "ns.test. A 127.0.0.1"], folder)
    settings = folder / "settings.toml"
    settings.write_text('[transfer]\nallow = ["127.0.0.1"]\n')
    with Server(folder / "zones", "--settings", settings) as ours:
        yield ours, folder


def root_key(folder):
    """Files with the root's key as the programs want it."""
    flags, public, _ = signing.KEYS[0]
    key = folder / "root.key"
    key.write_text(f". 3600 IN DNSKEY {flags} 3 {signing.ALGORITHM} {public}\n")
    anchor = folder / "anchor.conf"
    anchor.write_text(f'trust-anchors {{ . static-key {flags} 3 {signing.ALGORITHM} "{public}"; }};\n')
    return key, anchor


def run(*command, **more):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120,
                          check=False, **more)  # fmt: skip


@pytest.mark.parametrize("kind", SIGNINGS)
def test_delv_validates_answers_and_denials(tree, kind):
    ours, folder = tree
    _, anchor = root_key(folder)
    for is_denied, questions in ((False, SECURE), (True, DENIED)):
        for name, rdtype in questions:
            asked = f"{name}.{kind}.test." if name else f"{kind}.test."
            done = run("delv", "@127.0.0.1", "-p", ours.port, "-a", anchor, "+root=.", asked, rdtype)
            # Where opt-out leaves names out, what is not there may be there (RFC 5155 §6).
            is_open = kind == "optout" and name in OPEN
            words = ["fully validated"] if not is_open else ["fully validated", "unsigned answer"]
            text = done.stdout + done.stderr
            assert any(word in text for word in words), f"{asked} {rdtype}\n{text}"
            is_negative = "negative response" in text or "ncache" in text
            assert is_negative == is_denied, f"{asked} {rdtype}\n{text}"


@pytest.mark.parametrize("kind", SIGNINGS)
def test_drill_chases_signatures_up_to_the_root(tree, kind):
    ours, folder = tree
    key, _ = root_key(folder)
    for name in ("www", "deep.empty.name"):
        done = run("drill", "-S", "-k", key, "-p", ours.port, "@127.0.0.1", f"{name}.{kind}.test",
                   "A" if name == "www" else "TXT")  # fmt: skip
        assert "Existence is denied" not in done.stdout
        assert "successfully" in done.stdout or "trusted" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["", "test", *(f"{kind}.test" for kind in SIGNINGS)])
def test_a_transferred_zone_is_whole_and_signed(tree, name, tmp_path):
    ours, folder = tree
    messages = dns.query.xfr("127.0.0.1", name or ".", port=ours.port, relativize=False)
    copy = dns.zone.from_xfr(messages, relativize=False)
    path = tmp_path / "copy"
    copy.to_file(str(path), relativize=False)
    key, _ = root_key(folder)
    key.write_text(key.read_text().replace(". 3600", f"{name}. 3600", 1))
    for command in (["ldns-verify-zone", "-k", key, path],
                    ["kzonecheck", "-d", "on", "-o", f"{name}.", path],
                    ["dnssec-verify", "-o", f"{name}.", path]):  # fmt: skip
        done = run(*command)
        assert done.returncode == 0, f"{command[0]}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("kind", SIGNINGS)
def test_dnsviz_finds_no_fault(tree, kind, tmp_path):
    ours, _ = tree
    servers = [f"{zone}:ns.test=127.0.0.1:{ours.port}" for zone in (".", "test", f"{kind}.test")]
    options = [word for server in servers for word in ("-x", server)]
    probed = run("dnsviz", "probe", "-A", "-4", *options, "-o", tmp_path / "probe", f"{kind}.test")
    assert probed.returncode == 0, probed.stderr
    # Without a trusted key: Debian's cannot read its own graph library's version.
    told = run("dnsviz", "grok", "-r", tmp_path / "probe")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    delegation = found[f"{kind}.test."]["delegation"]
    assert delegation["status"] == "SECURE", told.stdout
    assert '"errors"' not in told.stdout, told.stdout
