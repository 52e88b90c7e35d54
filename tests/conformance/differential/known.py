"""Differences from a peer that are explained: which, why, and the RFC that allows our side.

A rule is a function of a Difference that is true for what it explains. A difference that no rule
explains fails the run. Keep rules narrow: one that explains too much hides a fault.
"""

import dataclasses

import dns.name

from differential import wire

A, NS, CNAME, MX, AAAA, SRV, HTTPS = 1, 2, 5, 15, 28, 33, 65
NOERROR, SERVFAIL = 0, 2


@dataclasses.dataclass
class Difference:
    peer: str
    question: tuple  # name, type, EDNS size or None, RD
    what: list
    ours: wire.Response
    theirs: wire.Response
    zones: list  # Names of all zones served, as text without the last dot.
    owners: set  # Names in these zones, in wire form, lower case.

    def asked_name(self):
        return dns.name.from_text(self.question[0]).to_wire().lower()

    def zone_of(self, name):
        """The most specific zone that a name in wire form belongs to; None: not served."""
        owner = dns.name.from_wire(name, 0)[0]
        matches = [z for z in self.zones if owner.is_subdomain(dns.name.from_text(z))]
        return max(matches, key=len, default=None)


RULES = []


def rule(why):
    def add(function):
        RULES.append((function, why))
        return function

    return add


def explanation(difference):
    """Why the difference is right, or None."""
    for function, why in RULES:
        if function(difference):
            return why
    return None


def chain(difference, response):
    """The names that CNAMEs lead through, from the one asked on."""
    aliases = {r[0]: r[4] for r in response.answer if r[1] == CNAME}
    names = [difference.asked_name()]
    while names[-1] in aliases and len(names) <= len(aliases):
        names.append(aliases[names[-1]])
    return names


@rule("the chain goes on in another zone served here (RFC 1034 §4.3.2, step 3a: back to step 1)")
def chain_leaves_zone(d):
    names = chain(d, d.theirs)
    return (
        d.peer in ("knot", "bind")
        and d.theirs.answer <= d.ours.answer
        and d.theirs.rcode == NOERROR
        and d.zone_of(names[0]) != d.zone_of(names[-1])
        and d.zone_of(names[-1]) is not None
    )


@rule("a loop of aliases is answered with what there is, not SERVFAIL (RFC 1034 §3.6.2)")
def alias_loop(d):
    names = chain(d, d.ours)
    return (
        d.peer == "bind"
        and d.what == ["rcode"]
        and d.theirs.rcode == SERVFAIL
        and d.ours.rcode == NOERROR
        and names[-1] in names[:-1]
    )


def only_more_addresses(d, names):
    """We send what they send, and addresses of these names."""
    more = d.ours.additional - d.theirs.additional
    return (
        d.what == ["additional"]
        and d.theirs.additional <= d.ours.additional
        and all(r[1] in (A, AAAA) and r[0] in names for r in more)
    )


@rule("addresses beside an HTTPS record that names its own owner (RFC 9460 §4.1)")
def https_addresses(d):
    return only_more_addresses(d, {r[0] for r in d.ours.answer if r[1] == HTTPS})


@rule("addresses beside MX and SRV, which a peer's minimal responses leave out (RFC 1035 §3.3.9)")
def service_addresses(d):
    targets = {r[4][2:] for r in d.ours.answer if r[1] == MX}
    targets |= {r[4][6:] for r in d.ours.answer if r[1] == SRV}
    return d.peer in ("nsd", "bind") and only_more_addresses(d, targets)


@rule("addresses of name servers that stand above the cut, not only glue (RFC 1034 §4.3.2, step 3b)")
def server_addresses(d):
    targets = {r[4] for r in d.ours.authority | d.ours.answer if r[1] == NS}
    return d.peer == "bind" and only_more_addresses(d, targets)


@rule("additional addresses are not made from wildcards: they are optional (RFC 2181 §5.4.1)")
def wildcard_addresses(d):
    more = d.theirs.additional - d.ours.additional
    return (
        d.peer in ("knot", "bind")
        and d.what == ["additional"]
        and d.ours.additional <= d.theirs.additional
        and all(r[1] in (A, AAAA) and r[0] not in d.owners for r in more)
    )


@rule("the parent answers for DS, at the end of a chain too (RFC 4035 §3.1.4.1)")
def ds_after_alias(d):
    names = chain(d, d.ours)
    apexes = {dns.name.from_text(z).to_wire() for z in d.zones}
    return (
        d.peer in ("knot", "bind")
        and d.question[1] == "DS"
        and len(names) > 1
        and names[-1] in apexes
        and set(d.what) <= {"answer", "authority"}
    )
