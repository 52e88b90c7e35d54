"""Zones that `nearcast zone sign` signed, in the eyes of the validators of others."""

import os
import pathlib
import subprocess

import pytest

NEARCAST = pathlib.Path(os.environ["NEARCAST"])
ZONE = """$TTL 3600
@ SOA ns1 hostmaster 7 7200 900 1209600 300
@ NS ns1
@ NS ns.sub
@ MX 10 Mail
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
Mail 60 A 192.0.2.2
Mail 60 A 192.0.2.3
www CNAME ns1
*.wild TXT "any" "thing"
deep.er.name SRV 0 1 443 Mail
sub NS ns.sub
sub DS 12345 13 2 3A6EB2D3C6E5F5A5C4E5C43A1B0E9D6A4D0F2C4B6A8097867564534231201F0E
ns.sub A 192.0.2.4
plain NS ns.plain
ns.plain A 192.0.2.5
d.ent NS ns.elsewhere.test.
tree DNAME example.net.
odd TYPE65280 \\# 3 010203
Upper HTTPS 1 . alpn=h2
"""
ALGORITHMS = ["ECDSAP256SHA256", "ECDSAP384SHA384", "ED25519", "ED448", "RSASHA256", "RSASHA512"]
DENIALS = {"nsec": [], "nsec3": ["--nsec3"], "opt-out": ["--opt-out"]}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "example.org.zone").write_text(ZONE)
    return tmp_path


def sign(folder, *options):
    signed = folder / "signed.zone"
    done = run(NEARCAST, "zone", "sign", folder / "example.org.zone", "--key", folder / "key.pem",
               "--output", signed, *options)
    assert done.returncode == 0, done.stderr
    assert "for the parent: example.org. DS " in done.stderr
    return signed


def expect_valid(signed, verdicts):
    for command in verdicts:
        done = run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("denial", DENIALS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_validates_in_programs_of_others(folder, algorithm, denial):
    signed = sign(folder, "--algorithm", algorithm, *DENIALS[denial])
    verdicts = [["dnssec-verify", "-z", "-o", "example.org", signed],
                ["kzonecheck", "-o", "example.org", "-d", "on", signed]]
    # It takes a delegation that opt-out left out for one that is missing, and says so in its help.
    if denial != "opt-out":
        verdicts.append(["ldns-verify-zone", signed])
    expect_valid(signed, verdicts)
    done = run(NEARCAST, "zone", "check", "--origin", "example.org", signed)
    assert done.returncode == 0, done.stdout
    assert "signature" not in done.stdout and "nsec" not in done.stdout, done.stdout


def test_has_a_digest_that_validates(folder):
    signed = sign(folder, "--zonemd")
    expect_valid(signed, [["ldns-verify-zone", "-ZZ", signed]])


def test_a_changed_zone_does_not_validate(folder):
    signed = sign(folder)
    text = signed.read_text()
    assert text.count("192.0.2.2\n") == 1
    signed.write_text(text.replace("192.0.2.2\n", "192.0.2.9\n"))
    assert run("ldns-verify-zone", signed).returncode != 0
    assert run("dnssec-verify", "-z", "-o", "example.org", signed).returncode != 0


def test_the_key_is_made_once_and_for_its_owner_alone(folder):
    sign(folder)
    key = folder / "key.pem"
    first = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    sign(folder)
    assert key.read_bytes() == first


def test_signing_again_replaces_what_was_signed(folder):
    signed = sign(folder, "--nsec3")
    again = folder / "again.zone"
    done = run(NEARCAST, "zone", "sign", signed, "--origin", "example.org", "--key",
               folder / "key.pem", "--output", again)
    assert done.returncode == 0, done.stderr
    assert "NSEC3" not in again.read_text()
    expect_valid(again, [["ldns-verify-zone", again]])


@pytest.mark.parametrize("options, told", [
    (["--algorithm", "RSAMD5"], "no zone is signed with RSAMD5"),
    (["--key", "/no/such/folder/key.pem"], "cannot make /no/such/folder/key.pem"),
])
def test_what_cannot_be_done_is_told(folder, options, told):
    key = [] if "--key" in options else ["--key", folder / "key.pem"]
    done = run(NEARCAST, "zone", "sign", folder / "example.org.zone", *key, *options)
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stdout == ""
