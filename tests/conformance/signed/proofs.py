"""What the NSEC or NSEC3 records of a response prove.

Each method raises AssertionError when the records do not prove what it is asked for, as a validator
would find the response bogus. The signatures are not looked at here.
"""

import base64
import hashlib

import dns.name
import dns.rdatatype
import dns.rdtypes.util

OPT_OUT = 1
DELEGATION_TYPES = (dns.rdatatype.NS, dns.rdatatype.SOA)
BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BASE32HEX = b"0123456789ABCDEFGHIJKLMNOPQRSTUV"
WILDCARD = dns.name.Name(["*"])


def proof_of(authority, apex):
    """The proof in the authority section: by NSEC3 where there is one, else by NSEC."""
    nsec3 = {rrset.name: rrset[0] for rrset in authority if rrset.rdtype == dns.rdatatype.NSEC3}
    nsec = {rrset.name: rrset[0] for rrset in authority if rrset.rdtype == dns.rdatatype.NSEC}
    assert not (nsec and nsec3), "NSEC and NSEC3 in one response"
    return ByNsec3(nsec3, apex) if nsec3 else ByNsec(nsec, apex)


def types_of(record):
    return {
        window * 256 + octet * 8 + bit
        for window, bitmap in record.windows
        for octet, byte in enumerate(bitmap)
        for bit in range(8)
        if byte & (0x80 >> bit)
    }


def assert_no_data(types, qtype):
    assert qtype not in types, "the type is in the bitmap"
    assert dns.rdatatype.CNAME not in types, "there is a CNAME"
    is_cut = dns.rdatatype.NS in types and dns.rdatatype.SOA not in types
    if qtype == dns.rdatatype.DS:
        assert dns.rdatatype.SOA not in types, "the record is of the child"
    else:
        assert not is_cut, "the record is of the parent"


def parents(name, apex):
    """From the name itself up to the apex."""
    while name != apex:
        yield name
        name = name.parent()
    yield apex


class ByNsec:
    def __init__(self, records, apex):
        self.records, self.apex = records, apex
        self.is_used = bool(records)

    def covering(self, name):
        for owner, record in self.records.items():
            is_last = record.next == self.apex
            if owner < name and (name < record.next or is_last):
                types = types_of(record)
                hides = dns.rdatatype.DNAME in types or (
                    dns.rdatatype.NS in types and dns.rdatatype.SOA not in types)
                assert not (hides and name.is_subdomain(owner)), f"{owner} is above a cut"
                return owner, record
        raise AssertionError(f"no NSEC covers {name}")

    def is_covered(self, name):
        try:
            return bool(self.covering(name))
        except AssertionError:
            return False

    def closest_encloser(self, name):
        """The longest ancestor that the covering NSEC shows to exist."""
        owner, record = self.covering(name)
        for ancestor in parents(name.parent(), self.apex):
            if owner.is_subdomain(ancestor) or record.next.is_subdomain(ancestor):
                return ancestor
        raise AssertionError("not in the zone")

    def deny_name(self, name):
        self.covering(name)
        self.covering(WILDCARD + self.closest_encloser(name))

    def deny_type(self, name, qtype):
        if name in self.records:
            assert_no_data(types_of(self.records[name]), qtype)
            return
        owner, record = next(
            ((owner, record) for owner, record in self.records.items()
             if owner < name and record.next.is_subdomain(name)), (None, None))  # fmt: skip
        if owner is not None:
            return  # An empty non-terminal: a name below it is next.
        encloser = self.closest_encloser(name)
        wildcard = WILDCARD + encloser
        if wildcard in self.records:
            assert_no_data(types_of(self.records[wildcard]), qtype)
        else:
            assert any(owner < wildcard and record.next.is_subdomain(wildcard)
                       for owner, record in self.records.items()), "nothing about the wildcard"

    def deny_closer(self, name, wildcard):
        self.covering(name)

    def deny_ds(self, cut):
        assert cut in self.records, f"no NSEC of {cut}"
        types = types_of(self.records[cut])
        assert dns.rdatatype.NS in types and dns.rdatatype.SOA not in types
        assert dns.rdatatype.DS not in types


class ByNsec3:
    def __init__(self, records, apex):
        self.apex = apex
        self.by_hash = {}
        self.is_used = True
        first = next(iter(records.values()))
        self.salt, self.iterations = first.salt, first.iterations
        for owner, record in records.items():
            assert owner.parent() == apex
            assert (record.salt, record.iterations) == (self.salt, self.iterations)
            text = owner.labels[0].upper().translate(bytes.maketrans(BASE32HEX, BASE32))
            self.by_hash[base64.b32decode(text)] = record

    def hash(self, name):
        digest = hashlib.sha1(name.canonicalize().to_wire() + self.salt).digest()
        for _ in range(self.iterations):
            digest = hashlib.sha1(digest + self.salt).digest()
        return digest

    def matching(self, name):
        return self.by_hash.get(self.hash(name))

    def covering(self, name):
        wanted = self.hash(name)
        for owner, record in self.by_hash.items():
            if owner < record.next:
                is_inside = owner < wanted < record.next
            else:
                is_inside = wanted > owner or wanted < record.next
            if is_inside:
                return record
        raise AssertionError(f"no NSEC3 covers {name}")

    def closest_encloser(self, name):
        """RFC 5155 §8.3: the encloser, and the record that covers the next closer name."""
        next_closer = name
        for ancestor in parents(name.parent(), self.apex):
            record = self.matching(ancestor)
            if record is not None:
                types = types_of(record)
                assert dns.rdatatype.DNAME not in types, "a DNAME is above"
                assert dns.rdatatype.NS not in types or dns.rdatatype.SOA in types, "a cut is above"
                return ancestor, self.covering(next_closer)
            next_closer = ancestor
        raise AssertionError(f"no encloser of {name} is proved")

    def deny_name(self, name):
        assert self.matching(name) is None
        encloser, _ = self.closest_encloser(name)
        self.covering(WILDCARD + encloser)

    def deny_type(self, name, qtype):
        record = self.matching(name)
        if record is not None:
            assert_no_data(types_of(record), qtype)
            return
        encloser, cover = self.closest_encloser(name)
        wildcard = self.matching(WILDCARD + encloser)
        if wildcard is not None:
            assert_no_data(types_of(wildcard), qtype)
        else:  # RFC 5155 §8.6 and erratum 3441: what opted out has no record of its own.
            assert cover.flags & OPT_OUT, f"{name} may exist"

    def deny_closer(self, name, wildcard):
        """RFC 5155 §8.8: the name one label longer than what the wildcard stands below."""
        encloser = wildcard.parent()
        next_closer = name
        while next_closer.parent() != encloser:
            next_closer = next_closer.parent()
        self.covering(next_closer)

    def deny_ds(self, cut):
        record = self.matching(cut)
        if record is not None:
            types = types_of(record)
            assert dns.rdatatype.NS in types and dns.rdatatype.SOA not in types
            assert dns.rdatatype.DS not in types
            return
        _, cover = self.closest_encloser(cut)
        assert cover.flags & OPT_OUT, f"{cut} may have a DS"
