"""What `nearcast zone check` says of zones, beside named-checkzone, nsd-checkzone and kzonecheck.

zone_text/zones.txt holds small zones, each with the names of our checks that speak and the verdict
of every program: take, warn or refuse. docs/reference/zone-checks.md says why ours is another.
Signed zones come from dnssec-signzone; each record that is taken out of one must be missed.
"""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest
from server import nearcast

ZONES = pathlib.Path(__file__).with_name("zone_text") / "zones.txt"
PEERS = ("named-checkzone", "nsd-checkzone", "kzonecheck", "dnssec-signzone", "dnssec-keygen")
BASE = """$TTL 60
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.1
"""
SEED = int(os.environ.get("SEED", "1"))
TAKEN_OUT = int(os.environ.get("COUNT", "12"))  # Of each signed zone.


def run(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          errors="replace", timeout=120, cwd=cwd)
    return done.returncode, done.stdout + done.stderr


def read_zones():
    for block in ZONES.read_text().split("\n== ")[1:]:
        head, _, records = block.partition("\n")
        checks, _, verdicts = head.partition(": ")
        text = records.removeprefix("$WHOLE\n")
        if text == records:
            text = BASE + records
        yield checks, dict(part.split() for part in verdicts.split(", ")), text.rstrip("\n") + "\n"


def our_findings(path, origin="example.org"):
    status, text = run(nearcast(), "zone", "check", "--json", "--origin", origin, path)
    zone = json.loads(text)["zones"][0]
    assert zone["served"] == (status == 0)
    return zone["served"], zone["findings"]


def verdict(is_taken, has_said_something):
    return "warn" if is_taken and has_said_something else "take" if is_taken else "refuse"


def of_bind(path):
    status, text = run("named-checkzone", "-i", "local", "example.org", path)
    lines = [line for line in text.splitlines()
             if line and line != "OK" and "loaded serial" not in line]
    return verdict(status == 0, lines)


def of_nsd(path):
    status, text = run("nsd-checkzone", "example.org", path)
    return verdict(status == 0, "warning" in text)


def of_knot(path):
    status, text = run("kzonecheck", "-o", "example.org", path)
    return verdict(not re.search("Serious semantic error|failed", text), status != 0)


@pytest.fixture(scope="module", autouse=True)
def _tools():
    missing = [tool for tool in PEERS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def test_zones_get_the_verdicts_that_are_written_down(tmp_path):
    path = tmp_path / "example.org.zone"
    faults = []
    for checks, verdicts, text in read_zones():
        path.write_text(text)
        is_served, findings = our_findings(path)
        said = " ".join(sorted({finding["check"] for finding in findings})) or checks
        got = {"us": verdict(is_served, findings), "bind": of_bind(path), "nsd": of_nsd(path),
               "knot": of_knot(path)}
        if said != checks or got != verdicts:
            faults.append(f"{checks}: {verdicts}\n  is now {said}: {got}\n{text}")
    assert not faults, "\n".join(faults)


def test_every_finding_says_what_and_where_and_has_its_page(tmp_path):
    page = pathlib.Path(__file__).resolve().parents[2] / "docs/reference/zone-checks.md"
    described = set(re.findall(r"^\| `([a-z0-9-]+)` ", page.read_text(), re.MULTILINE))
    path = tmp_path / "example.org.zone"
    for _, _, text in read_zones():
        path.write_text(text)
        for finding in our_findings(path)[1]:
            assert finding["check"] in described, finding
            assert finding["message"] and finding["try"], finding
            is_whole_zone = finding["check"] in ("soa-missing", "ns-missing")
            assert is_whole_zone or (finding["line"] and finding["column"]), finding


UNSIGNED = """$TTL 3600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
@ MX 10 mail
ns1 A 192.0.2.1
mail AAAA 2001:db8::1
www.deep CNAME mail
*.wild TXT "x"
signed NS ns1
signed DS 12345 13 2 49fd46e6c4b45c55d4ac69cbd3cd34ac1afe51de1adfd4a4bd0f0f7e9f5e0b5a
plain NS ns.plain
ns.plain A 192.0.2.2
"""


@pytest.fixture(scope="module", params=["nsec", "nsec3", "opt-out"])
def signed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    options = {"nsec": (), "nsec3": ("-3", "-"), "opt-out": ("-3", "ab", "-A")}[request.param]
    (folder / "example.org.zone").write_text(UNSIGNED)
    assert run("dnssec-keygen", "-f", "KSK", "-a", "ECDSAP256SHA256", "example.org",
               cwd=folder)[0] == 0
    status, text = run("dnssec-signzone", "-S", "-z", "-O", "full", *options, "-o", "example.org",
                       "-f", "signed", "example.org.zone", cwd=folder)
    assert status == 0, text
    lines = (folder / "signed").read_text().splitlines()
    return folder, [line for line in lines if line and not line.startswith(";")]


def test_a_signed_zone_is_found_whole(signed):
    folder, _ = signed
    assert our_findings(folder / "signed") == (True, [])
    assert run("kzonecheck", "-d", "on", "-o", "example.org", folder / "signed")[0] == 0


def test_a_record_taken_out_of_a_signed_zone_is_missed(signed):
    folder, lines = signed
    # Only these: without an address or a TXT the zone is another one, whose proofs do not fit.
    proofs = [i for i, line in enumerate(lines) if re.search(r"\sIN\s(RRSIG|NSEC3?|DNSKEY)\s", line)]
    path = folder / "example.org.zone"
    for i in random.Random(SEED).sample(proofs, TAKEN_OUT):
        path.write_text("\n".join(lines[:i] + lines[i + 1:]) + "\n")
        _, findings = our_findings(path)
        assert findings, f"not missed: {lines[i]} (SEED={SEED})"
