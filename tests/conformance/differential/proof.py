"""Holds what our response denies against RFC 4035 §3.1.3 and RFC 5155 §7.2: all that is to be proved
is, and nothing stands there that no proof needs."""

from differential import names, wire
from differential.denial import CNAME, DNAME, DS, NS, NSEC, NSEC3, SOA, HashedDenial, PlainDenial
from differential.places import Kind
from differential.questions import TYPES

RRSIG, ANY = TYPES["RRSIG"], TYPES["ANY"]
NOERROR, NXDOMAIN, YXDOMAIN = 0, 3, 6
CHAIN_MAX = 17  # Names of a chain that we answer.


def chain(question, response):
    """The names that CNAMEs lead through, from the one asked on."""
    aliases = {r[0]: r[4] for r in response.answer if r[1] == CNAME}
    found = [question.name.lower()]
    while found[-1] in aliases and len(found) <= len(aliases):
        found.append(aliases[found[-1]])
    return found


def faults(question, ours, content):
    """What is wrong with the proofs in a response of ours, as a list of words."""
    if "TC" in ours.flags or ours.rcode not in (NOERROR, NXDOMAIN, YXDOMAIN):
        return []
    proof = Proof(question, ours, content)
    if question.wants_dnssec:
        proof.walk()
    unused = [r for r in ours.authority if r[1] in (NSEC, NSEC3) and r not in proof.used]
    return proof.missing + [f"nothing needs the {wire.record_text(r)}" for r in unused]


class Proof:
    def __init__(self, question, ours, content):
        self.question = question
        self.ours = ours
        self.content = content
        self.missing = []
        self.used = set()
        self.zones = {}

    def walk(self):
        """Looks at each name of the chain, up to the one that is answered, denied or referred."""
        found = chain(self.question, self.ours)
        for i, name in enumerate(found):
            if name in found[:i] or i == CHAIN_MAX:
                return  # Here a loop, or the patience for a chain, ends.
            zone = self.content.zone_for(name, self.question.rdtype)
            if zone is None:
                return
            place = self.content.places[zone.apex].place(name)
            if self.ours.rcode == YXDOMAIN and i == len(found) - 1 and place.kind == Kind.DNAME:
                return
            is_end = self.is_end(place, i == len(found) - 1)
            if zone.signing.denial != "none":
                self.look_at(zone, name, place, is_end)
            if is_end:
                return

    def is_end(self, place, is_last):
        """Whether the chain goes on no further, whatever the answer looks like."""
        is_made = place.kind == Kind.DNAME
        ends = (CNAME,) if is_made else (CNAME, ANY)
        return is_last or self.question.rdtype in ends

    def is_answered(self, name):
        """A DNAME that renames what is below its owner is no answer about the owner."""
        types = {int.from_bytes(r[4][:2]) if r[1] == RRSIG else r[1]
                 for r in self.ours.answer if r[0] == name}  # fmt: skip
        return bool(types - {DNAME}) or bool(types) and self.question.rdtype in (DNAME, ANY, RRSIG)

    def look_at(self, zone, name, place, is_end):
        prover = self.prover(zone)
        if place.kind == Kind.DNAME:
            return
        if place.kind == Kind.CUT and not (name == place.above and self.question.rdtype == DS):
            if not any(r[0] == place.above and r[1] == DS for r in self.ours.authority):
                prover.no_ds(place.above)
            return
        if place.kind == Kind.WILDCARD:
            prover.no_closer(name, place.above)
        if self.is_answered(name) or not is_end:
            return
        if place.kind == Kind.NOTHING:
            prover.no_name(name, place.above)
        elif place.kind == Kind.WILDCARD:
            prover.no_data_of_wildcard(place.above)
        else:
            prover.no_data(name)

    def prover(self, zone):
        """Of a zone: the records that it has signed."""
        if zone.apex not in self.zones:
            kind = NSEC if zone.signing.denial == "nsec" else NSEC3
            signed = {r[0] for r in self.ours.authority
                      if r[1] == RRSIG and wire.read_name(r[4], 18)[0] == zone.apex
                      and int.from_bytes(r[4][:2]) == kind}  # fmt: skip
            records = [r for r in self.ours.authority if r[1] == kind and r[0] in signed]
            maker = PlainProver if kind == NSEC else HashedProver
            self.zones[zone.apex] = maker(self, self.content.places[zone.apex], records)
        return self.zones[zone.apex]


class Prover:
    """Demands of the records of one zone that they say something; notes those that do."""

    def __init__(self, proof, places, records):
        self.proof = proof
        self.places = places
        self.denial = self.reader(records)

    def take(self, record, name, claim):
        if record is None:
            self.proof.missing.append(f"not proved: {names.to_text(name)} {claim}")
        else:
            self.proof.used.add(record)
        return record

    def without(self, record, name):
        """That the name has neither the type that was asked for nor an alias."""
        asked = self.proof.question.rdtype
        if record is not None and {asked, CNAME} & self.denial.types(record):
            self.proof.missing.append(f"{names.to_text(name)} has what is denied")


class PlainProver(Prover):
    reader = PlainDenial

    def no_closer(self, name, _):
        self.take(self.denial.cover(name), name, "does not exist")

    def no_name(self, name, encloser):
        self.no_closer(name, encloser)
        wildcard = names.join([b"*"], encloser)
        if len(wildcard) <= names.SIZE_MAX:
            self.take(self.denial.cover(wildcard), wildcard, "does not exist")

    def no_data(self, name):
        own = self.denial.match(name)
        if own is None:  # An empty name is told by what comes next, which is below it.
            record = self.take(self.denial.cover(name), name, "is empty")
            if record is not None and not names.is_below(self.denial.following(record), name):
                self.proof.missing.append(f"{names.to_text(name)} is denied, and is there")
        else:
            self.without(self.take(own, name, "has no such data"), name)

    def no_data_of_wildcard(self, encloser):
        self.no_data(names.join([b"*"], encloser))

    def no_ds(self, cut):
        record = self.take(self.denial.match(cut), cut, "has no DS")
        if record is not None:
            types = self.denial.types(record)
            if DS in types or SOA in types or NS not in types:
                self.proof.missing.append(f"{names.to_text(cut)} is no cut without DS")


class HashedProver(Prover):
    reader = HashedDenial

    def no_closer(self, name, encloser):
        """The closest encloser that can be proved; the name below it does not exist."""
        is_exact = not self.places.may_lack_nsec3(encloser)
        provable = next(a for a in names.ancestors(encloser) if not self.places.may_lack_nsec3(a))
        closer = next(a for a in names.ancestors(name) if names.parent(a) == provable)
        record = self.take(self.denial.cover(closer), closer, "does not exist")
        if not is_exact and record is not None and not self.denial.is_opt_out(record):
            self.proof.missing.append(f"{names.to_text(closer)} is denied, and is there")
        if not is_exact:
            self.encloser(provable)
        return provable

    def encloser(self, name):
        self.take(self.denial.match(name), name, "is the closest encloser")

    def no_name(self, name, encloser):
        provable = self.no_closer(name, encloser)
        self.encloser(provable)
        wildcard = names.join([b"*"], provable)
        if len(wildcard) > names.SIZE_MAX:
            return
        # Where the encloser opted out, the one above may have a wildcard: then all is insecure.
        is_there = (provable != encloser and wildcard in self.places.existing
                    and not self.places.may_lack_nsec3(wildcard))  # fmt: skip
        record = self.denial.match(wildcard) if is_there else self.denial.cover(wildcard)
        self.take(record, wildcard, "does not exist")

    def no_data(self, name):
        if self.places.may_lack_nsec3(name):
            self.left_out(name)
        else:
            self.without(self.take(self.denial.match(name), name, "has no such data"), name)

    def no_data_of_wildcard(self, encloser):
        wildcard = names.join([b"*"], encloser)
        if not self.places.may_lack_nsec3(wildcard):
            self.encloser(encloser)
        self.no_data(wildcard)

    def no_ds(self, cut):
        if self.places.may_lack_nsec3(cut):
            self.left_out(cut)
            return
        record = self.take(self.denial.match(cut), cut, "has no DS")
        if record is not None and DS in self.denial.types(record):
            self.proof.missing.append(f"{names.to_text(cut)} has a DS")

    def left_out(self, name):
        """What opted out: the encloser that can be proved, and a span that opts out (§7.2.4)."""
        provable = next(a for a in names.ancestors(name) if not self.places.may_lack_nsec3(a))
        closer = next(a for a in names.ancestors(name) if names.parent(a) == provable)
        self.encloser(provable)
        record = self.take(self.denial.cover(closer), closer, "opted out")
        if record is not None and not self.denial.is_opt_out(record):
            self.proof.missing.append(f"{names.to_text(closer)} has not opted out")
