"""Zones signed elsewhere: each answer is validated by a validator that shares nothing with us."""

import itertools
import shutil
import socket
import subprocess

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest

from server import Server
from signed.signers import SIGNERS, ZONE, Signer
from signed.validate import Validator

TYPES = "A AAAA NS SOA MX TXT CNAME DNAME DS DNSKEY NSEC NSEC3PARAM SRV CDS".split()
# In front of every name of the zone: what is there, what is not, what a wildcard stands for.
PREFIXES = ("", "nope", "*", "a.b", "zzz", "\\000")

connections = {}  # Over TCP, by server.


def names(apex):
    owners = {line.split()[0] for line in ZONE.splitlines() if not line.startswith("$")}
    for owner in owners:
        name = apex if owner == "@" else dns.name.from_text(owner, apex)
        while name.is_subdomain(apex):
            for prefix in PREFIXES:
                yield dns.name.from_text(prefix, name) if prefix else name
            name = name.parent()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    for signer in SIGNERS:
        if shutil.which(signer.command):
            signer.sign(folder)
    with Server(folder) as running:
        yield running
        if running in connections:
            connections.pop(running).close()


def ask(server, name, rdtype, tcp=False):
    query = dns.message.make_query(name, rdtype, want_dnssec=True, payload=4096)
    if not tcp:
        return dns.query.udp(query, server.host, port=server.port, timeout=10)
    # One connection for many questions: with one for each a fast machine runs out of ports. The
    # server may end it when nothing was asked for a while.
    if server not in connections:
        connections[server] = socket.create_connection((server.host, server.port), timeout=10)
        connections[server].setblocking(False)
    try:
        return dns.query.tcp(query, server.host, timeout=10, sock=connections[server])
    except (EOFError, ConnectionError):
        connections.pop(server).close()
        return dns.query.tcp(query, server.host, port=server.port, timeout=10)


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.name)
def test_every_answer_validates(server, signer):
    if not shutil.which(signer.command):
        pytest.skip(f"{signer.command} is not installed")
    apex = dns.name.from_text(signer.zone)
    validator = Validator(apex, ask(server, apex, "DNSKEY", tcp=True).answer[0])
    seen = set()
    for name, rdtype in itertools.product(sorted(set(names(apex))), TYPES):
        response = ask(server, name, rdtype, tcp=True)
        question = (name, dns.rdatatype.from_text(rdtype))
        try:
            seen.add(validator.check(question, response))
        except Exception as fault:
            raise AssertionError(f"{name} {rdtype}: {fault!r}\n{response}") from fault
    assert seen == {"answer", "no data", "no name", "referral"}


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.name)
def test_a_truncated_answer_says_so_and_is_whole_over_tcp(server, signer):
    if not shutil.which(signer.command):
        pytest.skip(f"{signer.command} is not installed")
    apex = dns.name.from_text(signer.zone)
    query = dns.message.make_query(f"nope.nope.{apex}", "A", want_dnssec=True, payload=512)
    response = dns.query.udp(query, server.host, port=server.port, timeout=10)
    if response.flags & dns.flags.TC:
        assert response.rcode() == dns.rcode.NXDOMAIN
        assert len(response.to_wire()) <= 512
    whole = ask(server, query.question[0].name, "A", tcp=True)
    assert not whole.flags & dns.flags.TC
    assert len(whole.authority) > 2


@pytest.mark.skipif(not shutil.which("ldns-signzone"), reason="ldns-signzone is not installed")
@pytest.mark.parametrize("zonemd", ["1:1", "1:2"])  # SHA-384 and SHA-512.
@pytest.mark.parametrize("denial", [[], ["-n", "-t", "0"]], ids=["nsec", "nsec3"])
def test_a_zone_is_held_against_the_digest_of_another_program(tmp_path, zonemd, denial):
    signer = Signer("good", "ldns-signzone", ["-z", zonemd, *denial])
    good = signer.sign(tmp_path)
    text = good.read_text()
    assert "ZONEMD" in text and "192.0.2.5" in text  # Glue, which has no signature.
    work = tmp_path / "served"
    work.mkdir()
    good.rename(work / good.name)
    with Server(work) as running:
        assert ask(running, signer.zone, "SOA").rcode() == dns.rcode.NOERROR
    (work / good.name).write_text(text.replace("192.0.2.5", "192.0.2.55"))
    with Server(work) as running:
        assert any("zone_error" in line and "ZONEMD" in line for line in running.log)
        assert ask(running, signer.zone, "SOA").rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.name)
def test_delv_validates(server, signer, tmp_path):
    if not shutil.which("delv") or not shutil.which(signer.command):
        pytest.skip("delv or the signer is not installed")
    keys = ask(server, signer.zone, "DNSKEY", tcp=True).answer[0]
    anchor = "".join(
        f'"{signer.zone}." static-key {key.flags} 3 {key.algorithm} '
        f'"{key.to_text().split(maxsplit=3)[3]}";\n' for key in keys if key.flags & 1)  # fmt: skip
    path = tmp_path / "anchors"
    path.write_text("trust-anchors {\n" + anchor + "};\n")
    for question, verdict in (
        ("mail AAAA", "fully validated"), ("nope A", "negative response, fully validated"),
        ("ns MX", "negative response, fully validated"), ("q.wild MX", "fully validated"),
        ("q.wild A", "negative response, fully validated"),
        ("down.below A", "negative response, fully validated"), ("chain TXT", "fully validated"),
    ):  # fmt: skip
        name, rdtype = question.split()
        # fmt: off
        done = subprocess.run(
            ["delv", f"@{server.host}", "-p", str(server.port), "-a", path, f"+root={signer.zone}",
             f"{name}.{signer.zone}", rdtype], capture_output=True, text=True, check=False)
        # fmt: on
        # What only a span that opted out covers is proved to be unsigned, not to be missing.
        verdicts = [f"; {verdict}"]
        if "opt-out" in signer.name:
            verdicts.append("; " + verdict.replace("fully validated", "unsigned answer"))
        assert any(text in done.stdout for text in verdicts), (
            f"{question}: {done.stdout}{done.stderr}")
