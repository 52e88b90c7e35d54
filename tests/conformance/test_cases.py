"""Asks every question of cases/*.case and compares the response with what the file says."""

import pathlib

import case_file
import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from server import Server

FOLDER = pathlib.Path(__file__).parent / "cases"
FILES = {path: case_file.read(path) for path in sorted(FOLDER.glob("*.case"))}
CASES = [case for _, cases in FILES.values() for case in cases]
CHECKED_FLAGS = ("AA", "TC", "RD", "RA", "AD", "CD")
LIMIT = 5  # Seconds to wait for a response.


@pytest.fixture(scope="module", name="server")
def started_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zones")
    for zones, _ in FILES.values():
        for name, text in zones.items():
            path = folder / f"{name}.zone"
            assert not path.exists(), f"zone {name} stands in two case files"
            path.write_text(text)
    with Server(folder, "--node", "node1", "--pop", "lab") as server:
        yield server


def query_for(case):
    options = case.options
    query = dns.message.make_query(
        dns.name.from_text(case.name), case.rdtype, options.get("class", ["IN"])[0]
    )
    query.flags = 0
    for flag in ("rd", "cd", "ad"):
        if flag in options:
            query.flags |= dns.flags.from_text(flag.upper())
    if {"edns", "size", "do", "nsid", "version", "option"} & options.keys():
        query.use_edns(
            edns=int(options.get("version", ["0"])[0]),
            payload=int(options.get("size", ["1232"])[0]),
            ednsflags=dns.flags.DO if "do" in options else 0,
            options=list(edns_options(options)),
        )
    return query


def edns_options(options):
    if "nsid" in options:
        yield dns.edns.GenericOption(dns.edns.OptionType.NSID, b"")
    for text in options.get("option", []):
        code, _, data = text.partition(":")
        yield dns.edns.GenericOption(int(code), bytes.fromhex(data))


def ask(server, case):
    query = query_for(case)
    hosts = (server.host, server.host6)
    send = dns.query.tcp if "tcp" in case.options else dns.query.udp
    # The same question over both families: the response must not depend on it.
    responses = [
        send(query, host, timeout=LIMIT, port=server.port, one_rr_per_rrset=True) for host in hosts
    ]
    assert records(responses[0].answer) == records(responses[1].answer)
    return query, responses[0]


def records(section):
    """The records of a section as comparable text, names in lower case."""
    return sorted(
        f"{rrset.name.to_text().lower()} {rrset.ttl} "
        f"{dns.rdataclass.to_text(rrset.rdclass)} {dns.rdatatype.to_text(rrset.rdtype)} "
        f"{rdata.to_text()}"
        for rrset in section
        for rdata in rrset
    )


def expected_records(case, keyword):
    found = []
    for key, rest in case.expected:
        if key != keyword or rest == "*":
            continue
        owner, ttl, rdclass, rdtype, rdata = rest.split(None, 4)
        found += records([dns.rrset.from_text(owner, int(ttl), rdclass, rdtype, rdata)])
    return sorted(found)


def check_section(case, keyword, section):
    if (keyword, "*") not in case.expected:
        assert records(section) == expected_records(case, keyword), keyword


def check_edns(case, query, response):
    wanted = dict(case.expected)
    if "no-edns" in wanted:
        assert response.edns == -1
    elif query.edns >= 0:
        assert response.edns == int(wanted.get("edns-version", "0"))
        assert bool(response.ednsflags & dns.flags.DO) == ("do" in case.options)
    else:
        assert response.edns == -1, "EDNS in a response to a query without it (RFC 6891 §7)"
    if "nsid" in wanted:
        nsid = [o for o in response.options if o.otype == dns.edns.OptionType.NSID]
        assert [o.to_wire() for o in nsid] == [wanted["nsid"].encode()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(server, case):
    query, response = ask(server, case)
    wanted = dict(case.expected)
    assert response.id == query.id
    assert dns.rcode.to_text(response.rcode()) == wanted.get("rcode", "NOERROR")
    flags = [f for f in CHECKED_FLAGS if response.flags & dns.flags.from_text(f)]
    assert flags == [f for f in CHECKED_FLAGS if f in wanted.get("flags", "AA").split()]
    if "bare" not in case.options:
        # Letter by letter: names alone would be compared without regard to case.
        assert [q.name.labels for q in response.question] == [query.question[0].name.labels]
        assert response.question == query.question
    check_edns(case, query, response)
    if "answer-count" in wanted:
        assert len(records(response.answer)) == int(wanted["answer-count"])
    else:
        check_section(case, "answer", response.answer)
    check_section(case, "authority", response.authority)
    check_section(case, "additional", response.additional)
