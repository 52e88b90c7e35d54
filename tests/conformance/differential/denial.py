"""What NSEC and NSEC3 records say, as one who validates reads them (RFC 4034 §4, RFC 5155 §8)."""

import base64
import hashlib

from differential import names, wire

NSEC, NSEC3 = 47, 50


def order_key(name):
    """Sorts names canonically (RFC 4034 §6.1)."""
    return [label.lower() for label in reversed(names.labels(name))]


def covers(record, name):
    """Whether an NSEC says that the name is not there (RFC 4034 §4.1.1)."""
    following = wire.read_name(record[4], 0)[0]
    start, end, wanted = order_key(record[0]), order_key(following), order_key(name)
    return start < wanted and (wanted < end or end <= start)


def denies_name(records, name):
    """Whether NSECs deny the name, and the wildcard below its closest encloser."""
    hidden = [r for r in records if covers(r, name)]
    ends = [hidden[0][0], wire.read_name(hidden[0][4], 0)[0]] if hidden else []
    above = [a for a in names.ancestors(name) if any(a in names.ancestors(end) for end in ends)]
    return bool(above) and any(covers(r, names.join([b"*"], above[0])) for r in records)


class HashedDenial:
    """The NSEC3 records of one response."""

    def __init__(self, records):
        self.ranges = []
        self.iterations, self.salt = 0, b""
        for owner, _, _, _, rdata in records:
            salt_end = 5 + rdata[4]
            self.iterations, self.salt = int.from_bytes(rdata[2:4]), rdata[5:salt_end]
            start = base64.b32hexdecode(names.labels(owner)[0].upper())
            self.ranges.append((start, rdata[salt_end + 1 : salt_end + 21]))

    def hash(self, name):
        digest = hashlib.sha1(name + self.salt).digest()
        for _ in range(self.iterations):
            digest = hashlib.sha1(digest + self.salt).digest()
        return digest

    def matches(self, name):
        return any(start == self.hash(name) for start, _ in self.ranges)

    def covers(self, name):
        wanted = self.hash(name)
        return any(start < wanted and (wanted < end or end <= start) or end <= start and wanted < end
                   for start, end in self.ranges)  # fmt: skip

    def proves(self, name, is_cut=False):
        """That there is nothing closer than an encloser, and what its wildcard has (§8.4 to §8.7);
        of a name that is there, what it has; of a cut that was left out, the encloser (§8.6)."""
        if self.matches(name):
            return True
        closer = name
        for encloser in names.ancestors(names.parent(name)):
            if self.matches(encloser):
                wildcard = names.join([b"*"], encloser)
                is_whole = is_cut or self.covers(wildcard) or self.matches(wildcard)
                return self.covers(closer) and is_whole
            closer = encloser
        return False

    def denies_closer(self, name):
        """Behind an answer from a wildcard: that some name closer than it is not there (§8.8)."""
        return any(self.covers(closer) for closer in names.ancestors(name))
