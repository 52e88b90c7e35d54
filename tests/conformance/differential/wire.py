"""Reads a response into what can be compared: rcode, flags, and sections as sets of records."""

import dataclasses
import struct

from differential import names
from differential.questions import TYPE_NAMES

# Where names stand in rdata: fixed bytes before the first, how many, then fixed bytes.
NAMES_IN_RDATA = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1), 33: (6, 1), 39: (0, 1),
                  46: (18, 1), 47: (0, 1), 64: (2, 1), 65: (2, 1)}
OPT, RRSIG, DO = 41, 46, 0x8000
FLAG_NAMES = {0x0400: "AA", 0x0200: "TC", 0x0100: "RD", 0x0080: "RA", 0x0020: "AD", 0x0010: "CD"}


@dataclasses.dataclass
class Response:
    id: int
    question: bytes
    rcode: int
    flags: frozenset
    answer: frozenset
    authority: frozenset
    additional: frozenset
    has_edns: bool
    is_dnssec_ok: bool
    has_repeats: bool  # A record stands twice in one section.
    size: int


def read_name(wire, at, known=None):
    """The name in lower case, uncompressed, and where it ends. `known`: names by where they begin,
    of this message, to look up and to add to."""
    start, labels, end = at, [], None
    while True:
        length = wire[at]
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | wire[at + 1]
            if known is None or at not in known:
                continue
            labels.append(known[at])
            break
        labels.append(wire[at : at + 1 + length])
        at += 1 + length
        if length == 0:
            break
    name = b"".join(labels).lower()
    if known is not None:
        known[start] = name
    return name, end or at


def read_rdata(wire, at, size, rdtype, known):
    if rdtype not in NAMES_IN_RDATA:
        return wire[at : at + size]
    before, count = NAMES_IN_RDATA[rdtype]
    data, end = wire[at : at + before], at + size
    at += before
    for _ in range(count):
        name, at = read_name(wire, at, known)
        data += name
    return data + wire[at:end]


def read_section(wire, at, count, known):
    records = []
    for _ in range(count):
        owner, at = read_name(wire, at, known)
        rdtype, rdclass, ttl, size = struct.unpack_from("!HHIH", wire, at)
        at += 10
        records.append((owner, rdtype, rdclass, ttl, read_rdata(wire, at, size, rdtype, known)))
        at += size
    return records, at


def read(wire):
    id_, bits, questions, *counts = struct.unpack_from("!6H", wire)
    at, known = 12, {}
    for _ in range(questions):
        at = read_name(wire, at, known)[1] + 4
    question = wire[12:at]
    sections = []
    for count in counts:
        records, at = read_section(wire, at, count, known)
        sections.append(records)
    opt = [r for r in sections[2] if r[1] == OPT]
    rcode = bits & 0xF | (opt[0][3] >> 24 << 4 if opt else 0)
    return Response(
        id=id_,
        question=question,
        rcode=rcode,
        flags=frozenset(name for bit, name in FLAG_NAMES.items() if bits & bit),
        answer=frozenset(sections[0]),
        authority=frozenset(sections[1]),
        additional=frozenset(r for r in sections[2] if r[1] != OPT),
        has_edns=bool(opt),
        is_dnssec_ok=bool(opt and opt[0][3] & DO),
        has_repeats=any(len(set(section)) < len(section) for section in sections),
        size=len(wire),
    )


def record_text(record):
    owner, rdtype, _, ttl, rdata = record
    kind = TYPE_NAMES.get(rdtype, f"TYPE{rdtype}")
    return f"{names.to_text(owner)} {ttl} {kind} {rdata_text(rdtype, rdata)}"


def rdata_text(rdtype, rdata):
    if rdtype == RRSIG:
        covered, algorithm, labels, ttl = struct.unpack_from("!HBBI", rdata)
        return f"{TYPE_NAMES.get(covered, covered)} labels {labels} ttl {ttl} {rdata[18:].hex()[:40]}"
    if rdtype in NAMES_IN_RDATA:
        before, count = NAMES_IN_RDATA[rdtype]
        if count == 1:
            return f"{rdata[:before].hex()} {names.to_text(read_name(rdata, before)[0])}"
    return rdata.hex()
