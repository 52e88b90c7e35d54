"""Validates a whole response of one signed zone as a resolver would, with the zone's keys at hand."""

import dns.dnssec
import dns.flags
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from signed.proofs import proof_of

class Validator:
    def __init__(self, apex, keys):
        self.apex = apex
        self.keys = {apex: keys}

    def check(self, question, response):
        """Raises when something that ought to be signed or proved is not."""
        qname, qtype = question
        assert not response.flags & dns.flags.TC
        assert not response.flags & dns.flags.AD, "an authoritative server validates nothing"
        expanded = self.check_signatures(response)
        proof = proof_of(response.authority, self.apex)
        for name, wildcard in expanded:
            proof.deny_closer(name, wildcard)
        name, is_answered = self.follow(qname, qtype, response)
        if is_answered or not name.is_subdomain(self.apex):
            return "answer"
        cut = self.referral(response)
        if cut is not None:
            assert name.is_subdomain(cut) and cut != self.apex
            if not self.find(response.authority, cut, dns.rdatatype.DS):
                proof.deny_ds(cut)
            return "referral"
        assert self.find(response.authority, self.apex, dns.rdatatype.SOA), "no SOA"
        if response.rcode() == dns.rcode.NXDOMAIN:
            proof.deny_name(name)
            return "no name"
        assert response.rcode() == dns.rcode.NOERROR
        if qtype == dns.rdatatype.DS and name == self.apex:
            return "no data"  # The child's own records cannot deny what is the parent's.
        proof.deny_type(name, qtype)
        return "no data"

    def check_signatures(self, response):
        """All RRsets but those that never are; gives (name, wildcard) of the expanded ones."""
        expanded = []
        for section in (response.answer, response.authority):
            for rrset in section:
                if rrset.rdtype == dns.rdatatype.RRSIG or self.is_unsigned(rrset, response):
                    continue
                signatures = self.find(section, rrset.name, dns.rdatatype.RRSIG, rrset.rdtype)
                assert signatures, f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} is unsigned"
                dns.dnssec.validate(rrset, signatures, self.keys)
                labels = len(rrset.name.labels) - 1 - (rrset.name.labels[0] == b"*")
                if signatures[0].labels < labels:
                    rest = rrset.name.labels[-(signatures[0].labels + 1):]  # fmt: skip
                    expanded.append((rrset.name, dns.name.Name((b"*", *rest))))
        return expanded

    def is_unsigned(self, rrset, response):
        if rrset.rdtype == dns.rdatatype.NS:
            return rrset.name != self.apex
        if rrset.rdtype != dns.rdatatype.CNAME or rrset in response.authority:
            return False
        return any(self.is_made_from(rrset, dname) for dname in response.answer
                   if dname.rdtype == dns.rdatatype.DNAME)  # fmt: skip

    @staticmethod
    def is_made_from(cname, dname):
        """RFC 6672 §5.3.1: what was made of a DNAME is proved by that alone."""
        if cname.name == dname.name or not cname.name.is_subdomain(dname.name):
            return False
        made = cname.name.relativize(dname.name) + dname[0].target
        return cname[0].target == made

    @staticmethod
    def find(section, name, rdtype, covers=dns.rdatatype.NONE):
        for rrset in section:
            if rrset.name == name and rrset.rdtype == rdtype and rrset.covers == covers:
                return rrset
        return None

    def follow(self, name, qtype, response):
        """The end of the chain of aliases, and whether there are records of the type there."""
        passed = set()
        while name not in passed:
            passed.add(name)
            if self.find(response.answer, name, qtype):
                return name, True
            alias = self.find(response.answer, name, dns.rdatatype.CNAME)
            if alias is None:
                return name, False
            name = alias[0].target
        return name, True  # The chain is a loop: there is no end to answer for.

    def referral(self, response):
        for rrset in response.authority:
            if rrset.rdtype == dns.rdatatype.NS and rrset.name != self.apex:
                return rrset.name
        return None
