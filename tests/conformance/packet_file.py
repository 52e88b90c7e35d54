"""Reads packet files: odd messages byte by byte, and their outcome over UDP and TCP."""

import dataclasses
import pathlib
import re

import dns.name

TOKEN = re.compile(r"'(?P<name>[^']*)'|(?P<hex>[0-9a-f]+)(?:\*(?P<times>\d+))?")


@dataclasses.dataclass
class Packet:
    file: str
    line: int
    title: str
    wire: bytes = b""
    outcome: dict = dataclasses.field(default_factory=dict)  # By transport.

    def __str__(self):
        return f"{self.file}:{self.line}: {self.title}"

    def expected(self, transport):
        return self.outcome.get(transport, self.outcome["udp"])


def to_wire(text):
    wire = b""
    for token in TOKEN.finditer(text):
        if token["name"] is not None:
            wire += dns.name.from_text(token["name"]).to_wire()
        else:
            wire += bytes.fromhex(token["hex"]) * int(token["times"] or 1)
    assert not TOKEN.sub("", text).strip(), f"not understood: {TOKEN.sub('', text)}"
    return wire


def read(path):
    path = pathlib.Path(path)
    packets = []
    is_bytes = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        keyword, _, rest = line.strip().partition(" ")
        if not keyword or keyword.startswith("#"):
            continue
        if keyword == "packet":
            packets.append(Packet(path.name, number, rest))
        elif keyword in ("udp", "tcp"):
            packets[-1].outcome[keyword] = rest.strip()
        elif keyword == "bytes" or is_bytes:
            packets[-1].wire += to_wire(rest if keyword == "bytes" else line)
        else:
            raise ValueError(f"{path}:{number}: not understood: {line}")
        is_bytes = keyword == "bytes" or (is_bytes and keyword not in ("packet", "udp", "tcp"))
    return packets
