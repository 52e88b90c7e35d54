"""What NSEC and NSEC3 records say, as one who validates reads them (RFC 4034 §4, RFC 5155 §8)."""

import base64
import hashlib

from differential import names, wire

NS, CNAME, SOA, DNAME, DS, NSEC, NSEC3 = 2, 5, 6, 39, 43, 47, 50
OPT_OUT = 1


def order_key(name):
    """Sorts names canonically (RFC 4034 §6.1)."""
    return [label.lower() for label in reversed(names.labels(name))]


def types_in(bitmap):
    """The types of a bitmap (RFC 4034 §4.1.2)."""
    found, at = set(), 0
    while at < len(bitmap):
        window, size = bitmap[at], bitmap[at + 1]
        for i, byte in enumerate(bitmap[at + 2 : at + 2 + size]):
            found.update(window * 256 + i * 8 + bit for bit in range(8) if byte & 0x80 >> bit)
        at += 2 + size
    return found


def hash_name(name, salt, iterations):
    """RFC 5155 §5."""
    digest = hashlib.sha1(name + salt).digest()
    for _ in range(iterations):
        digest = hashlib.sha1(digest + salt).digest()
    return digest


class PlainDenial:
    """The NSEC records of one zone in one response."""

    def __init__(self, records):
        self.records = records

    def match(self, name):
        """The record of the name itself, or None."""
        return next((r for r in self.records if r[0] == name), None)

    def cover(self, name):
        """The record that says that the name is not there, or None (RFC 4034 §4.1.1). One at a cut
        or DNAME above it says nothing of what is below (RFC 6840 §4.1)."""
        wanted = order_key(name)
        for record in self.records:
            following = wire.read_name(record[4], 0)[0]
            start, end = order_key(record[0]), order_key(following)
            is_blind = names.is_below(name, record[0]) and self.hides_below(record)
            if not is_blind and start < wanted and (wanted < end or end <= start):
                return record
        return None

    def hides_below(self, record):
        types = self.types(record)
        return DNAME in types or (NS in types and SOA not in types)

    @staticmethod
    def types(record):
        return types_in(record[4][wire.read_name(record[4], 0)[1] :])

    @staticmethod
    def following(record):
        return wire.read_name(record[4], 0)[0]


class HashedDenial:
    """The NSEC3 records of one zone in one response."""

    def __init__(self, records):
        self.records = records
        self.ranges = []
        self.iterations, self.salt = 0, b""
        for record in records:
            owner, rdata = record[0], record[4]
            salt_end = 5 + rdata[4]
            self.iterations, self.salt = int.from_bytes(rdata[2:4]), rdata[5:salt_end]
            start = base64.b32hexdecode(names.labels(owner)[0].upper())
            self.ranges.append((start, rdata[salt_end + 1 : salt_end + 21], record))

    def hash(self, name):
        return hash_name(name, self.salt, self.iterations)

    def match(self, name):
        wanted = self.hash(name)
        return next((record for start, _, record in self.ranges if start == wanted), None)

    def cover(self, name):
        wanted = self.hash(name)
        for start, end, record in self.ranges:
            is_last = end <= start
            if start < wanted < end or (is_last and (wanted > start or wanted < end)):
                return record
        return None

    @staticmethod
    def is_opt_out(record):
        return record[4][1] & OPT_OUT != 0

    @staticmethod
    def types(record):
        salt_end = 5 + record[4][4]
        return types_in(record[4][salt_end + 21 :])
