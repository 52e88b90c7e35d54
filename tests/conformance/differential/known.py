"""Differences from a peer that are explained: which, why, and the RFC that allows our side.

A rule is a function of a Difference that is true for what it explains: all that differs, or the one
word that it is given. What no rule explains fails the run. Keep rules narrow: one that explains too
much hides a fault. That our own proofs are right and have nothing too much is checked in proof.py,
for each response and whoever else says the same.
"""

import dataclasses
import typing

from differential import names, proof, wire
from differential.places import Kind
from differential.questions import TYPES, Question

A, NS, CNAME, SOA, MX, AAAA, SRV = 1, 2, 5, 6, 15, 28, 33
DNAME, DS, RRSIG, NSEC, NSEC3, SVCB, HTTPS = 39, 43, 46, 47, 50, 64, 65
NOERROR, SERVFAIL, NXDOMAIN, NOTIMP, YXDOMAIN = 0, 2, 3, 4, 6
# Where the name begins in the rdata of types whose target's addresses may be added.
TARGET_AT = {NS: 0, MX: 2, SRV: 6, SVCB: 2, HTTPS: 2}
RECORD_SIZE = 12  # Of a record in a message, its owner compressed, without its data.


@dataclasses.dataclass
class Difference:
    peer: str
    question: Question
    what: list
    ours: wire.Response
    theirs: wire.Response
    whole: wire.Response  # What we answer over TCP.
    content: "run.Content"  # noqa: F821
    ask: typing.Callable  # What we answer over TCP to the same question for another name.

    def asked_name(self):
        return self.question.name.lower()

    def zone_of(self, name):
        return self.content.zone_of(name)

    def differs_in(self, *words):
        """In something, and in nothing else than these."""
        return set(self.what) <= set(words)


RULES = []


def rule(why, word=None):
    """With a word the rule explains that part alone, and others the rest."""

    def add(function):
        RULES.append((function, why, word))
        return function

    return add


# What BIND sets, beside whatever else differs.
CLEAR = {"flag CD": "CD is not copied: nothing is ever checked here (RFC 4035 §3.1.6)",
         "flag AD": "AD is clear: nothing was ever checked here (RFC 4035 §3.1.6)"}  # fmt: skip


def explanation(difference):
    """Why the difference is right, rule by rule, or None."""
    found = []
    for word, why in CLEAR.items():
        if difference.peer == "bind" and word in difference.what and word[5:] in difference.theirs.flags:
            difference.what.remove(word)
            found.append(why)
    for function, why, word in sorted(RULES, key=lambda entry: entry[2] is None):
        if word is None and difference.what and function(difference):
            return [*found, why]
        if word in difference.what and function(difference):
            difference.what.remove(word)
            found.append(why)
    return None if difference.what else found


def chain(difference, response):
    """The names that CNAMEs lead through, from the one asked on."""
    return proof.chain(difference.question, response)


def kind_of(record):
    """Its type, that of a signature by what it covers."""
    return int.from_bytes(record[4][:2]) if record[1] == RRSIG else record[1]


def sets(records):
    """Of some records: whole sets, each with its signatures, by owner and type."""
    found = {}
    for record in records:
        found.setdefault((record[0], kind_of(record)), set()).add(record)
    return found


def targets(response):
    """Names whose addresses help (RFC 1034 §4.3.2, RFC 9460 §4.1)."""
    found = set()
    for owner, rdtype, _, _, rdata in response.answer | response.authority:
        if rdtype in TARGET_AT:
            name = wire.read_name(rdata, TARGET_AT[rdtype])[0]
            found.add(owner if name == names.ROOT else name)
    return found


def targets_of_targets(response):
    """An alias of SVCB leads on to another record of its kind, and that to addresses."""
    found = set()
    for _, rdtype, _, _, rdata in response.additional:
        if rdtype in (SVCB, HTTPS):
            found.add(wire.read_name(rdata, TARGET_AT[rdtype])[0])
    return found


def is_required(d, owner):
    """Glue without which nobody reaches the child: below the cut (RFC 9471 §3.1)."""
    cuts = {r[0] for r in d.ours.authority if r[1] == NS}
    return any(names.is_below(owner, cut) for cut in cuts)


def has_room(d, records):
    return d.ours.size + sum(RECORD_SIZE + len(r[4]) for r in records) <= d.question.limit()


@rule("addresses beside the answer: as many as have room, none made from wildcards, none of a name"
      " that stands in another zone (RFC 1034 §4.3.2 step 6, RFC 2181 §5.4.1, RFC 9471 §3)",
      "additional")  # fmt: skip
def additional_section(d):
    more = sets(d.ours.additional - d.theirs.additional)
    less = sets(d.theirs.additional - d.ours.additional)
    wanted = targets(d.ours) | targets_of_targets(d.ours)
    # Of a set that both have, both have all; TTLs and data are the same.
    shared = more.keys() & less.keys()
    return (
        "TC" not in d.ours.flags ^ d.theirs.flags
        and not shared
        and all(owner in wanted and kind in (A, AAAA, SVCB, HTTPS) for owner, kind in more)
        and all(may_be_left_out(d, *key, less) for key in less)
    )


def may_be_left_out(d, owner, kind, less):
    if is_required(d, owner):
        return False
    if kind == AAAA and (owner, A) in less:
        kind = A  # Both addresses or the first: it is that which must have no room.
    if kind in (SVCB, HTTPS, NSEC, CNAME) and d.question.rdtype in (SVCB, HTTPS, TYPES["ANY"]):
        return True  # Of a service, its target's addresses are what helps (RFC 9460 §2.4.3).
    if owner not in targets(d.ours):
        return True
    is_referral = any(r[1] == NS for r in d.ours.authority)
    if not is_referral and any(a in d.content.cuts for a in names.ancestors(owner)):
        return True  # Glue is for referrals (RFC 2181 §5.4.1).
    is_made = owner not in d.content.owners
    is_elsewhere = d.zone_of(owner) is not d.zone_of(d.asked_name())
    # Ours has its signatures, or is not there (RFC 4035 §3.1.1).
    ours = sets(d.whole.additional).get((owner, kind), less[owner, kind])
    return is_made or is_elsewhere or not has_room(d, ours)


@rule("what must be there is there and fits; a peer has told TC for less (RFC 2181 §9, RFC 9471 §3.1)")
def they_truncate(d):
    return (
        "TC" in d.theirs.flags - d.ours.flags
        and d.differs_in("flag TC", "rcode", "answer", "authority", "additional")
        and ("rcode" not in d.what or d.theirs.answer < d.ours.answer)
        and d.ours.answer == d.whole.answer
        and d.ours.authority == d.whole.authority
        and all(r in d.ours.additional for r in d.whole.additional if is_required(d, r[0]))
    )


@rule("what must be there does not fit, as we compress it (RFC 1035 §4.1.4: a server may compress)")
def we_truncate(d):
    optional = [r for r in d.whole.additional if not is_required(d, r[0])]
    required = d.whole.size - sum(RECORD_SIZE + len(r[4]) for r in optional)
    return (
        "TC" in d.ours.flags - d.theirs.flags
        and d.differs_in("flag TC", "answer", "authority", "additional")
        and required > d.question.limit()
    )


@rule("glue inside the child is all there, or TC is set (RFC 9471 §3.1)")
def they_leave_out_glue(d):
    missing = d.whole.additional - d.theirs.additional
    return (
        "TC" in d.ours.flags - d.theirs.flags
        and d.differs_in("flag TC", "additional", "authority")
        and any(is_required(d, r[0]) for r in missing)
    )


@rule("MAILA and MAILB are obsolete, and no data that they ask for exists (RFC 1035 §3.2.3)")
def obsolete_types(d):
    asked = d.question.rdtype in (TYPES["MAILA"], TYPES["MAILB"])
    return d.peer in ("knot", "nsd") and asked and d.ours.rcode == NOTIMP


@rule("ANY is answered with one set, at the end of a chain too (RFC 8482 §4.1)")
def any_type(d):
    """The same aliases, and at their end one set: of all that are there, or another than theirs."""
    more, less = sets(d.ours.answer - d.theirs.answer), sets(d.theirs.answer - d.ours.answer)
    owners = {owner for owner, _ in more.keys() | less.keys()}
    added = sets(d.theirs.additional)
    return (
        d.question.rdtype == TYPES["ANY"]
        and d.differs_in("answer", "additional")
        and not d.ours.additional
        and all(kind in (A, AAAA, SVCB, HTTPS) for _, kind in added)
        and bool(d.ours.answer)
        and bool(d.theirs.answer)
        and len(owners) <= 1
        and owners <= set(chain(d, d.ours))
        and len(more) <= (1 if d.peer in ("knot", "nsd") else 0)
    )


@rule("a CNAME made from a DNAME is followed for ANY too: it is not what the name has (RFC 6672 §3.2)")
def any_behind_dname(d):
    found = chain(d, d.theirs)
    return (
        d.peer == "bind"
        and d.question.rdtype == TYPES["ANY"]
        and d.theirs.answer <= d.ours.answer
        and any(r[1] == DNAME and names.is_below(found[-2], r[0]) for r in d.theirs.answer if found[1:])
        and is_continued(d, found[-1])
    )


@rule("type 0 is no type of a question, and nothing forbids to ask (RFC 6895 §3.1)")
def type_zero(d):
    return d.peer == "knot" and d.question.rdtype == 0 and d.theirs.rcode == NOTIMP


@rule("below a cut the parent knows of DS alone, and refers for NSEC (RFC 4035 §3.1.4.1)")
def denial_at_cut(d):
    return (
        d.peer == "bind"
        and d.question.rdtype == NSEC
        and "AA" not in d.ours.flags
        and any(r[0] == d.asked_name() and r[1] == NS for r in d.ours.authority)
    )


@rule("RRSIG is answered with the signatures of one set (RFC 8482 §7)")
def signatures(d):
    return (
        d.question.rdtype == RRSIG
        and d.differs_in("answer", "additional", "flag TC")
        and d.ours.answer <= d.theirs.answer
        and bool(d.ours.answer)
    )


@rule("RRSIG and NSEC are asked for at the name itself: an alias has its own (RFC 4035 §2.5)")
def signatures_of_alias(d):
    return (
        d.peer == "nsd"
        and d.question.rdtype in (RRSIG, NSEC)
        and any(r[1] in (CNAME, DNAME) for r in d.theirs.answer)
    )


@rule("an alias is followed for NSEC3 too: it cannot stand beside a CNAME (RFC 1034 §3.6.2)")
def alias_for_nsec3(d):
    return (
        d.peer == "nsd"
        and d.question.rdtype == NSEC3
        and d.theirs.answer <= d.ours.answer
        and any(r[1] == CNAME for r in d.ours.answer - d.theirs.answer)
    )


@rule("an alias that is not signed is followed for NSEC and RRSIG too (RFC 1034 §3.6.2)")
def alias_without_denial(d):
    more = d.ours.answer - d.theirs.answer
    return (
        d.peer in ("knot", "bind")
        and d.question.rdtype in (NSEC, RRSIG)
        and d.theirs.answer <= d.ours.answer
        and any(r[1] == CNAME for r in more)
    )


def is_continued(d, name):
    """Whether, from a name of the chain on, we answer as we do when asked for that name. That is
    compared with the peers for itself."""
    rest = d.ask(name)
    found = chain(d, d.whole)
    first = {r for r in d.whole.answer if r[0] in found[: found.index(name)] or r[1] in (DNAME, RRSIG)}
    return (
        first | rest.answer >= d.whole.answer >= rest.answer
        and d.whole.rcode == rest.rcode
        and d.whole.authority >= rest.authority
        and all(kind_of(r) in (NSEC, NSEC3) for r in d.whole.authority - rest.authority)
    )


@rule("the chain goes on in another zone served here (RFC 1034 §4.3.2, step 3a: back to step 1)")
def chain_leaves_zone(d):
    found = chain(d, d.theirs)
    return (
        d.peer in ("knot", "bind")
        and d.theirs.answer <= d.ours.answer
        and d.theirs.rcode == NOERROR
        and d.zone_of(found[0]) != d.zone_of(found[-1])
        and d.zone_of(found[-1]) is not None
        and is_continued(d, found[-1])
    )


@rule("a zone served here answers for its names, delegated or not (RFC 1034 §4.3.2, step 2)")
def chain_into_nested_zone(d):
    found = chain(d, d.ours)
    first = d.zone_of(found[0])
    nested = next((n for n in found if d.zone_of(n) is not first), None)
    zone = d.zone_of(nested) if nested is not None else None
    return (
        d.peer in ("knot", "bind")
        and None not in (first, zone)
        and names.is_below(zone.apex, first.apex)
        and zone.apex not in {owner.lower() for owner, _ in first.cuts}
        and is_continued(d, nested)
    )


@rule("a loop of aliases is answered with what there is, not SERVFAIL (RFC 1034 §3.6.2)")
def alias_loop(d):
    found = chain(d, d.ours)
    return (
        d.peer == "bind"
        and d.theirs.rcode == SERVFAIL
        and d.ours.rcode == NOERROR
        and found[-1] in found[:-1]
    )


@rule("the parent answers for DS, at the end of a chain too (RFC 4035 §3.1.4.1)")
def ds_after_alias(d):
    """They answer from the child, which has no DS."""
    found = chain(d, d.theirs)
    return (
        d.peer in ("knot", "bind")
        and d.question.rdtype == DS
        and len(found) > 1
        and found[-1] in d.content.apexes
        and d.differs_in("rcode", "answer", "authority")
        and found == chain(d, d.ours)[: len(found)]
        and not any(r[1] == DS for r in d.theirs.answer)
        and is_continued(d, found[-1])
    )


@rule("an alias is followed for DS too: it cannot stand beside a CNAME (RFC 1034 §3.6.2)")
def alias_for_ds(d):
    """A zone of that name is served as well, and they look no further in the parent than that."""
    found = chain(d, d.theirs)
    return (
        d.peer == "nsd"
        and d.question.rdtype == DS
        and d.differs_in("answer", "authority", "rcode")
        and found[-1] in d.content.apexes
        and d.theirs.answer < d.ours.answer
        and any(r[0] == found[-1] and r[1] == CNAME for r in d.ours.answer - d.theirs.answer)
        and is_continued(d, found[-1])
    )


@rule("a name exists in a zone only by data of that zone, not by its parent's glue (RFC 1034 §4.2.1)")
def glue_of_parent(d):
    found = chain(d, d.ours)
    if d.question.rdtype == DS and found[-1] in d.content.apexes:
        parent = d.zone_of(names.parent(found[-1]))
        if parent is not None and found[-1] not in {owner.lower() for owner in parent.owners}:
            return d.peer == "nsd"
    return d.peer == "nsd" and any(is_glue_alone(d, name) for name in found)


def is_glue_alone(d, name):
    """Whether the name, or one above it in its zone, is known to the parent zone alone."""
    zone = d.zone_of(name)
    if zone is None:
        return False
    own = {a for owner in zone.owners for a in names.ancestors(owner.lower())}
    inside = [a for a in names.ancestors(name) if names.is_below(a, zone.apex)]
    return any(a in d.content.owners and a not in own for a in inside)


def differs_in_proofs(d):
    return all(kind_of(r) in (NSEC, NSEC3) for r in d.ours.authority ^ d.theirs.authority)


@rule("an empty wildcard is proved to be empty (RFC 4035 §3.1.3.4, RFC 4592 §2.2.2)", "authority")
def empty_wildcard(d):
    more = {r for r in d.ours.authority - d.theirs.authority if r[1] == NSEC}
    wildcards = [names.join([b"*"], a) for a in names.ancestors(names.parent(chain(d, d.ours)[-1]))]
    return (
        d.peer in ("knot", "bind")
        and d.theirs.authority <= d.ours.authority
        and differs_in_proofs(d)
        and len(more) == 1
        and any(names.is_below(wire.read_name(r[4], 0)[0], w) for r in more for w in wildcards)
    )


@rule("these NSECs and NSEC3s are all that the proof needs (RFC 4035 §3.1.3, RFC 5155 §7.2)", "authority")
def other_proofs(d):
    """Theirs lacks one of them or has one too many, for ours has neither: proof.py has checked."""
    return (
        d.peer == "nsd"
        and differs_in_proofs(d)
        and any(r[1] in (NSEC, NSEC3) for r in d.ours.authority)
        and bool(proof.faults(d.question, d.theirs, d.content))
    )


@rule("a denial has its SOA and its proofs, or says TC (RFC 2308 §3, RFC 2181 §9)")
def denial_without_soa(d):
    """Behind a chain that leaves no room for it, as they compress."""
    soa = d.ours.authority - d.theirs.authority
    return (
        d.peer == "knot"
        and d.what == ["authority"]
        and bool(d.theirs.answer)
        and not d.theirs.authority
        and {r[1] for r in soa} == {SOA}
        and d.theirs.size + sum(RECORD_SIZE + len(r[4]) for r in soa) > d.question.limit()
    )


@rule("a denial has its SOA and its proofs, or says TC (RFC 2308 §3, RFC 2181 §9)")
def empty_denial(d):
    return (
        d.peer == "knot"
        and bool(d.ours.authority)
        and "AA" in d.ours.flags - d.theirs.flags
        and not (d.theirs.answer | d.theirs.authority | d.theirs.additional)
        and d.ours.rcode == d.theirs.rcode
    )


@rule("YXDOMAIN ends the answer: the target of the DNAME is no part of it (RFC 6672 §2.2)")
def too_long_after_dname(d):
    return (
        d.peer == "knot"
        and d.differs_in("rcode", "answer", "authority", "additional")
        and d.ours.rcode == YXDOMAIN
        and d.ours.answer <= d.theirs.answer
    )


@rule("that no name is closer than the wildcard is proved in all cases (RFC 4035 §3.1.3.3, §3.1.3.4)",
      "authority")  # fmt: skip
def closer_names(d):
    more = {r for r in d.ours.authority - d.theirs.authority if r[1] in (NSEC, NSEC3)}
    found = chain(d, d.ours)
    return (
        d.peer == "knot"
        and (d.question.rdtype == NSEC or any(n.startswith(b"\1*") for n in found))
        and d.theirs.authority <= d.ours.authority
        and differs_in_proofs(d)
        and len(more) in (1, 2)
    )


@rule("of a wildcard that opted out a span says so, as of any other name (RFC 5155 §7.2.4, §7.2.5)",
      "authority")  # fmt: skip
def wildcard_that_opted_out(d):
    name = chain(d, d.ours)[-1]
    zone = d.content.zone_for(name, d.question.rdtype)
    if zone is None:
        return False
    places = d.content.places[zone.apex]
    place = places.place(name)
    return (
        d.peer == "knot"
        and place.kind == Kind.WILDCARD
        and places.may_lack_nsec3(names.join([b"*"], place.above))
        and d.theirs.authority < d.ours.authority
        and differs_in_proofs(d)
    )


@rule("the rcode of a truncated response is of what is in it (RFC 6604 §3)")
def rcode_of_truncated(d):
    return (
        d.what == ["rcode"]
        and "TC" in d.ours.flags & d.theirs.flags
        and any(r[1] in (CNAME, DNAME) for r in d.ours.answer)
    )
