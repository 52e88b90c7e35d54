"""Questions from a seed, in chunks: the same chunk of the same seed always has the same ones."""

import random
import struct
import typing

from differential import names
from differential.zones import LABELS, ODD_LABELS

CHUNK = 500
TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
    "NAPTR": 35, "DNAME": 39, "OPT": 41, "DS": 43, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48,
    "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "CDS": 59, "ZONEMD": 63, "SVCB": 64, "HTTPS": 65,
    "AXFR": 252, "MAILB": 253, "MAILA": 254, "ANY": 255, "CAA": 257, "TYPE65280": 65280,
}  # fmt: skip
TYPE_NAMES = {number: text for text, number in TYPES.items()}
COMMON = ["A", "AAAA", "NS", "SOA", "MX", "TXT", "CNAME", "DNAME", "SRV", "PTR", "CAA", "NAPTR",
          "HTTPS", "SVCB", "TLSA", "TYPE65280"]  # fmt: skip
DNSSEC = ["DS", "DS", "DNSKEY", "NSEC", "NSEC3", "NSEC3PARAM", "RRSIG", "CDS", "ZONEMD"]
RARE = ["ANY", "MAILA", "MAILB"]  # Transfers are compared elsewhere: servers give them to few.
SIZES = [512, 513, 600, 700, 900, 1232, 1232, 1400, 4096, 65535, 0, 511]
RD, AD, CD = 0x0100, 0x0020, 0x0010
OPT, DO = 41, 0x8000


class Question(typing.NamedTuple):
    name: bytes  # In wire form.
    rdtype: int
    flags: int  # Of the header: RD, AD, CD.
    size: int | None  # Announced with EDNS; None: without EDNS.
    wants_dnssec: bool
    is_over_tcp: bool

    def limit(self):
        """What a response over UDP may hold; all servers here send at most 1232 bytes."""
        return 65535 if self.is_over_tcp else min(max(self.size or 512, 512), 1232)

    def to_wire(self, number):
        head = struct.pack("!6H", number, self.flags, 1, 0, 0, self.size is not None)
        wire = head + self.name + struct.pack("!HH", self.rdtype, 1)
        if self.size is not None:
            bits = DO if self.wants_dnssec else 0
            wire += struct.pack("!BHHIH", 0, OPT, self.size, bits, 0)
        return wire

    def text(self):
        bits = [text for text, bit in (("rd", RD), ("ad", AD), ("cd", CD)) if self.flags & bit]
        edns = "no EDNS" if self.size is None else f"EDNS {self.size}"
        bits += ["do"] if self.wants_dnssec else []
        transport = "TCP" if self.is_over_tcp else "UDP"
        kind = TYPE_NAMES.get(self.rdtype, f"TYPE{self.rdtype}")
        return " ".join([names.to_text(self.name), kind, transport, edns, *bits])


def chunk(seed, number, zones):
    """The questions number * CHUNK and on."""
    asker = Asker(seed, number, zones)
    return [asker.question() for _ in range(CHUNK)]


class Asker:
    def __init__(self, seed, number, zones):
        self.random = random.Random(f"questions {seed} {number}")
        self.zones = zones

    def question(self):
        zone = self.random.choice(self.zones)
        name = self.name(zone)
        size = self.random.choice(SIZES) if self.random.random() < 0.75 else None
        flags = sum(bit for bit in (RD, AD, CD) if self.random.random() < 0.2)
        return Question(
            name,
            self.rdtype(),
            flags,
            size,
            size is not None and self.random.random() < 0.7,
            self.random.random() < 0.1,
        )

    def rdtype(self):
        kind = self.random.random()
        if kind < 0.01:
            return self.random.choice([0, 54, 999, 65534, 65535])
        table = COMMON if kind < 0.76 else DNSSEC if kind < 0.97 else RARE
        return TYPES[self.random.choice(table)]

    def label(self):
        return self.random.choice(ODD_LABELS if self.random.random() < 0.15 else LABELS)

    def name(self, zone):
        name = self.random.choice(zone.owners)
        if zone.cuts and self.random.random() < 0.1:
            name = self.random.choice(zone.cuts)[0]
        changed = self.changed(name, zone)
        if len(changed) <= names.SIZE_MAX:
            name = changed
        if self.random.random() < 0.1:
            name = self.other_letters(name)
        return name

    def changed(self, name, zone):
        change = self.random.random()
        parent = names.parent(name) if name != zone.apex else name
        if change < 0.15:
            return names.join([self.label()], name)
        if change < 0.25:
            return names.join([self.label(), self.label()], name)
        if change < 0.35:
            return parent
        if change < 0.45:
            return names.join([self.label()], parent)
        if change < 0.5:
            return names.join([b"*"], name)
        if change < 0.52:
            return names.join([b"d"] * ((names.SIZE_MAX - len(name)) // 2), name)
        return name

    def other_letters(self, name):
        def flip(label):
            return bytes(
                byte ^ 0x20 if chr(byte).isascii() and chr(byte).isalpha() and self.random.random() < 0.5
                else byte
                for byte in label
            )  # fmt: skip

        return names.join([flip(label) for label in names.labels(name)])
