"""Zones as we serve them, judged by Zonemaster: on a network of their own, with a root of their own.

The network is a namespace without a way out. Its addresses look like those of the internet, since
Zonemaster finds fault with all others.
"""

import ipaddress
import json
import os
import pathlib
import subprocess
import sys

import pytest

from differential import names, signing
from differential.zones import Signing, Zone
from server import Server

ROOT = ["45.12.1.1", "2a00:c:1::1"]
SERVERS = {"ns1": ["45.13.1.1", "2a00:d:1::1"], "ns2": ["46.14.1.1", "2a01:e:1::1"]}
# Each with what it must say of the zone's signatures.
KINDS = {
    "plain": (None, "NOT_SIGNED"),
    "nsec": (Signing("nsec"), "DS10_HAS_NSEC"),
    "nsec3": (Signing("nsec3", "ldns-signzone", "-", 0), "DS10_HAS_NSEC3"),
}
# What else it has to say after each part.
DONE = {"HAS_PARENT", "HAS_NAMESERVERS", "ONE_SOA_SERIAL", "ONE_NS_SET", "EDNS0_SUPPORT",
        "CASE_QUERIES_RESULTS_OK", "NO_UPWARD_REFERRAL", "ONE_SOA"}  # fmt: skip
EXPECTED = {"DURATION_LONG", "REMAINING_LONG"}  # Of signatures that are the same in every run.


def addresses(name):
    return "".join(f"{name} {'AAAA' if ':' in each else 'A'} {each}\n"
                   for each in SERVERS[name.partition(".")[0]])


def reverse(address, name):
    """The PTR record, which Zonemaster looks for."""
    return f"{ipaddress.ip_address(address).reverse_pointer}. PTR {name}.\n"


def write_zones(folder):
    """The root on one server, everything below it on two others."""
    for each in ("root", "below", "unsigned"):
        (folder / each).mkdir()
    soa = "SOA {} host.plain.test. 2026112501 14400 3600 1209600 3600\n"
    delegations = "".join(f"{{0}} NS {name}.test.\n" for name in SERVERS)
    (folder / "root" / "root.zone").write_text(
        "$ORIGIN .\n$TTL 3600\n. " + soa.format("a.root.") + ". NS a.root.\n"
        f"a.root. A {ROOT[0]}\na.root. AAAA {ROOT[1]}\n" + delegations.format("test.")
        + "".join(addresses(f"{name}.test.") for name in SERVERS)
        + "".join(reverse(each, f"{name}.test") for name in SERVERS for each in SERVERS[name]))
    text = "$TTL 3600\n@ " + soa.format("ns1") + delegations.format("@")
    text += "".join(addresses(name) for name in SERVERS)
    for name, (kind, _) in KINDS.items():
        text += delegations.format(name)
        if kind:
            text += f"{name} DS {signing.ds(names.from_text(f'{name}.test'))}\n"
    (folder / "below" / "test.zone").write_text(text)
    for name, (kind, _) in KINDS.items():
        zone = Zone(names.from_text(f"{name}.test"), kind)
        zone.lines = [f"$ORIGIN {name}.test.", "$TTL 3600", "@ " + soa.format("ns1.test."),
                      *delegations.format("@").splitlines(), "@ MX 10 mail", "mail A 45.13.1.9",
                      "www A 45.13.1.10", "deep.empty.name TXT x"]  # fmt: skip
        if kind is None:
            (folder / "below" / zone.file).write_text(zone.text())
            continue
        source = folder / "unsigned" / zone.file
        source.write_text(zone.text())
        signing.sign(zone, source, folder / "below" / zone.file)


def listen(hosts):
    return [word for host in hosts
            for word in ("--listen", f"[{host}]:53" if ":" in host else f"{host}:53")]


def story(folder):
    hosts = [*ROOT, *(each for name in SERVERS for each in SERVERS[name])]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for host in hosts:
        length, more = ("128", ["nodad"]) if ":" in host else ("32", [])
        subprocess.run(["ip", "address", "add", f"{host}/{length}", "dev", "lo", *more], check=True)
    hints = folder / "hints"
    hints.write_text(f". 3600 NS a.root.\na.root. 3600 A {ROOT[0]}\na.root. 3600 AAAA {ROOT[1]}\n")
    found = {}
    with (Server(folder / "root", *listen(ROOT), "--node", "root"),
          Server(folder / "below", *listen(hosts[2:]), "--node", "below")):
        for name in KINDS:
            done = subprocess.run(
                ["zonemaster-cli", "--hints", hints, "--level", "INFO", "--json", "--no-progress",
                 f"{name}.test"], capture_output=True, text=True, timeout=240)
            assert done.returncode == 0, done.stdout + done.stderr
            found[name] = json.loads(done.stdout)
    print(json.dumps(found))


@pytest.fixture(scope="module", name="found")
def told_story(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    folder = tmp_path_factory.mktemp("zonemaster")
    write_zones(folder)
    here = pathlib.Path(__file__).resolve().parent
    done = subprocess.run(
        ["unshare", "-n", sys.executable, __file__, folder], capture_output=True, text=True,
        timeout=600,
        env=os.environ | {"PYTHONPATH": f"{here}:{here.parent / 'conformance'}"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_found_that_we_could_do_better(found, name):
    tags = {each["tag"] for each in found[name]}
    assert DONE | {KINDS[name][1]} <= tags, found[name]
    faults = [each for each in found[name]
              if each["level"] in ("WARNING", "ERROR", "CRITICAL") and each["tag"] not in EXPECTED]
    assert not faults, faults


if __name__ == "__main__":
    story(pathlib.Path(sys.argv[1]))
