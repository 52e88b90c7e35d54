"""Records as text and zone files, against dnspython, BIND, NSD, Knot and ldns.

zone_text/rdata.txt holds data of every type, right and wrong, and says where a peer decides
otherwise and why. What is right must give the bytes that dnspython gives, and those that each peer
makes of it. ldns takes nearly anything (a preference of 65536 is 0 to it), so that of it only the
bytes count, where both take the data.
"""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from server import nearcast

DATA = pathlib.Path(__file__).with_name("zone_text") / "rdata.txt"
PEERS = ("bind", "nsd", "knot", "ldns")
TOOLS = ("named-rrchecker", "nsd-checkzone", "kzonecheck", "ldns-read-zone")
ORIGIN = dns.name.from_text("example.")
HEAD = "$ORIGIN example.\n$TTL 60\n"
APEX = "@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n"
# Types that a peer has no words for. It carries them as RFC 3597 says.
UNKNOWN = {
    "bind": {"CLA", "IPN"},
    "nsd": {"A6", "AMTRELAY", "ATMA", "BRID", "CLA", "DOA", "DSYNC", "EID", "GPOS", "HHIT", "HIP",
            "IPN", "NIMLOC", "NINFO", "NSAP-PTR", "RESINFO", "RKEY", "SINK", "TA", "TALINK",
            "WALLET"},
    "knot": {"A6", "AMTRELAY", "ATMA", "AVC", "BRID", "CLA", "DLV", "DOA", "DSYNC", "EID", "GPOS",
             "HHIT", "HIP", "IPN", "ISDN", "MB", "MD", "MF", "MG", "MR", "NIMLOC", "NINFO", "NSAP",
             "NSAP-PTR", "NULL", "NXT", "PX", "RESINFO", "RKEY", "SIG", "SINK", "TA", "TALINK",
             "WALLET", "WKS", "X25"},
    "ldns": set(),
}


@dataclasses.dataclass
class Line:
    number: int
    is_right: bool
    text: str
    wire: str = ""  # In hex, where the file says it.
    differing: frozenset = frozenset()  # Peers whose other verdict is explained.

    @property
    def type(self):
        return self.text.split()[0]

    @property
    def zone(self):
        entry = f"zz {self.text}\n"
        return HEAD + entry if self.type == "SOA" else HEAD + APEX + entry


def read_lines():
    lines = []
    for number, row in enumerate(DATA.read_text().splitlines(), 1):
        if row.startswith("~ "):
            names = row[2:].split(":")[0].split()
            assert set(names) <= set(PEERS), row
            lines[-1].differing |= frozenset(names)
        elif row[:2] in ("+ ", "- "):
            text, wire = row[2:], ""
            if row[0] == "+" and (found := re.fullmatch(r"(.*\S) = ([0-9a-f]+)", text)):
                text, wire = found.groups()
            lines.append(Line(number, row[0] == "+", text, wire))
    return lines


def run(*command, stdin=None):
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True,
                          text=True, errors="replace", timeout=60)
    return done.returncode, done.stdout, done.stderr


def ours(path):
    """The data of the record at zz in hex, as we read the file; None if we refuse it."""
    status, text, told = run(nearcast(), "zone", "format", "--generic", "--origin", "example", path)
    assert status in (0, 1), told
    found = re.search(r"^zz\.example\. \d+ IN TYPE\d+ \\# \d+ ?([0-9a-f]*)$", text, re.MULTILINE)
    return found[1] if status == 0 and found else None


def of_dnspython(line):
    text = line.text[len(line.type):].strip()
    try:
        rdata = dns.rdata.from_text("IN", line.type, text, origin=ORIGIN, relativize=False)
    except (dns.exception.DNSException, ValueError, NotImplementedError):
        return None
    return rdata.to_wire(origin=ORIGIN).hex()


def of_bind(line):
    status, text, _ = run("named-rrchecker", "-u", "-o", "example.", stdin=f"IN {line.text}\n")
    found = re.search(r"\\# \d+(.*)", text, re.DOTALL)
    return re.sub(r"[^0-9a-f]", "", found[1].lower()) if status == 0 and found else None


def printed(path, *command):
    """What we read of the zone that a peer has printed; None if it refused the file."""
    status, text, _ = run(*command, path)
    if status != 0:
        return None
    again = path.with_suffix(f".{command[0]}")
    again.write_text(text)
    return ours(again)


def of_knot(path):
    status, _, _ = run("kzonecheck", "-d", "off", "-o", "example", path)
    return status == 0


def compare(line, folder):
    """Everything about the line that is not as it should be."""
    path = folder / f"{line.number}.zone"
    path.write_text(line.zone)
    wire = ours(path)
    faults = []
    if (wire is not None) != line.is_right:
        faults.append(f"we {'take' if wire is not None else 'refuse'} it")
    if line.wire and wire != line.wire:
        faults.append(f"we make {wire} of it")
    if wire is not None and of_dnspython(line) not in (wire, None):
        faults.append(f"dnspython makes {of_dnspython(line)} of it, we {wire}")
    got = {"bind": of_bind(line)}
    if line.type != "SOA":  # A zone of that record alone.
        got["knot"] = of_knot(path)
        got["nsd"] = printed(path, "nsd-checkzone", "-p", "example.")
        got["ldns"] = printed(path, "ldns-read-zone")
    for peer, answer in got.items():
        is_taken = answer not in (None, False)
        if is_taken and wire is not None and answer not in (wire, True):
            if peer not in line.differing:
                faults.append(f"{peer} makes {answer} of it, we {wire}")
        elif peer != "ldns" and line.type not in UNKNOWN[peer]:
            if is_taken != line.is_right and peer not in line.differing:
                faults.append(f"{peer} {'takes' if is_taken else 'refuses'} it")
    return [f"{DATA.name}:{line.number}: {line.text}: {fault}" for fault in faults]


@pytest.fixture(scope="module", autouse=True)
def _tools():
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def test_data_of_every_type_reads_as_everywhere(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda line: compare(line, tmp_path), read_lines())
        faults = [fault for result in results for fault in result]
    assert not faults, "\n".join(faults)


def test_every_type_is_tried_right_and_wrong():
    lines = read_lines()
    right = {line.type for line in lines if line.is_right}
    assert len(lines) > 400
    assert len(right) > 80
