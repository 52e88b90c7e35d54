"""A zone that changes at random, by a seed: what is sent to the API, and what must come of it."""

import dns.name
import dns.rdata
import dns.rdatatype as types

from controller import delete, replace

LABELS = ("a", "B", "www", "*", "_tcp", "-", "0", r"\000", r"a\.b", r"\200\255", r"o\032o",
          "l" * 63, "Mail", r"\"q", r"\\", "ent", r"\;")
HOSTS = ("ns1.example.net.", "Mail.Example.ORG.", "a.example.test.")
TTLS = (0, 1, 2, 3)
NAME_SIZE_MAX = 255


def sized(draw):
    size = draw.randrange(1, 9)
    return rf"\# {size} {draw.randbytes(size).hex()}"


KINDS = {
    "A": lambda draw: f"192.0.2.{draw.randrange(256)}",
    "AAAA": lambda draw: f"2001:db8::{draw.randrange(1, 65536):x}",
    "TXT": lambda draw: draw.choice((r'"\000\255"', '"a" "B"', '""', '"' + "x" * 255 + '"')),
    "MX": lambda draw: f"{draw.randrange(99)} {draw.choice(HOSTS)}",
    "SRV": lambda draw: f"1 2 {draw.randrange(65536)} {draw.choice(HOSTS)}",
    "CAA": lambda draw: f'0 issue "ca{draw.randrange(9)}.example"',
    "NAPTR": lambda draw: f'{draw.randrange(9)} 1 "S" "SIP+D2U" "" {draw.choice(HOSTS)}',
    "TLSA": lambda draw: f"3 1 1 {draw.randbytes(32).hex()}",
    "HTTPS": lambda draw: f"{draw.randrange(1, 9)} . alpn=h2",
    "SVCB": lambda draw: f"{draw.randrange(1, 9)} Svc.Example.NET. port=443",
    "RP": lambda draw: f"Joe.{draw.choice(HOSTS)} {draw.choice(HOSTS)}",
    "TYPE65280": sized,
    "CNAME": lambda draw: draw.choice(HOSTS),
    "DNAME": lambda draw: draw.choice(HOSTS),
    "NS": lambda draw: draw.choice(HOSTS),
    "DS": lambda draw: f"{draw.randrange(65536)} 13 2 {draw.randbytes(32).hex()}",
}
ALONE = {"CNAME", "DNAME"}  # One record a set.


def name_of(text):
    return dns.name.from_text(text).canonicalize()


class RandomZone:
    """Its sets, by canonical name and type: (name as it is written, TTL, contents)."""

    def __init__(self, draw, zone, count):
        self.draw, self.zone, self.apex = draw, zone, name_of(zone)
        self.sets = {}
        self.put([self.soa(), (zone, "NS", 1, HOSTS[:1])])
        for _ in range(count):
            self.put(self.edits())

    def soa(self):
        """No server is cut off for longer than some seconds, so that keys may roll."""
        numbers = f"1 1 {self.draw.randrange(5, 8)} {self.draw.randrange(4)}"
        return (self.zone, "SOA", self.draw.choice(TTLS),
                [f"ns1.example.net. host.example.net. 1 {numbers}"])

    def kinds_at(self, text):
        return {kind for name, kind in self.sets if name == name_of(text)}

    def some_name(self):
        """One that is there, or below one: so names become empty, hidden and long."""
        texts = sorted({text for text, _, _ in self.sets.values()})
        text = self.draw.choice([self.zone, *texts])
        for _ in range(self.draw.choice((0, 1, 1, 2))):
            longer = f"{self.draw.choice(LABELS)}.{text}"
            if len(name_of(text).to_wire()) + 64 <= NAME_SIZE_MAX:
                text = longer
        return text

    def removal(self):
        """Of one set, or of a whole name."""
        keys = [key for key in self.sets if key not in ((self.apex, "SOA"), (self.apex, "NS"))]
        if not keys:
            return []
        name, kind = self.draw.choice(sorted(keys, key=lambda key: (key[0].to_wire(), key[1])))
        gone = [key for key in keys if key[0] == name
                and (key[1] == kind or self.draw.random() < .5 or (kind, key[1]) == ("NS", "DS"))]
        return [(self.sets[key][0], key[1], 0, None) for key in gone]

    def new_ttl(self):
        text, _, contents = self.sets[key := self.draw.choice(
            sorted(self.sets, key=lambda key: (key[0].to_wire(), key[1])))]
        return [(text, key[1], self.draw.choice(TTLS), contents)]

    def addition(self):
        """A set, with what makes room for it."""
        text, kind = self.some_name(), self.draw.choice(list(KINDS))
        there, is_apex = self.kinds_at(text), name_of(text) == self.apex
        is_wildcard = text.startswith("*")
        if (is_apex and kind in ("CNAME", "DS", "NS")) or (is_wildcard and kind in ("NS", "DNAME")):
            return []
        if kind == "DS" and "NS" not in there:
            return []
        unfit = there - {kind} if kind == "CNAME" else there & {"CNAME"}
        unfit |= there & {"NS": {"DNAME"}, "DNAME": {"NS", "DS"} if not is_apex else set()}.get(
            kind, set())
        if unfit & {"NS"} and is_apex:
            return []
        count = 1 if kind in ALONE else self.draw.choice((1, 1, 2, 4))
        contents = sorted({KINDS[kind](self.draw) for _ in range(count)})
        return [(text, other, 0, None) for other in sorted(unfit)] + [
            (text, kind, self.draw.choice(TTLS), contents)]

    def edits(self):
        """Each (name, type, TTL, contents); without contents the set is removed."""
        make = self.draw.choices((self.addition, self.removal, self.new_ttl, lambda: [self.soa()]),
                                 (10, 4, 2, 1))[0]
        return make()

    def put(self, edits):
        for text, kind, ttl, contents in edits:
            key = (name_of(text), kind)
            if contents is None:
                self.sets.pop(key, None)
            else:
                self.sets[key] = (self.sets.get(key, (text,))[0], ttl, contents)

    @staticmethod
    def rrsets(edits):
        """As the API takes them."""
        return [delete(text, kind) if contents is None else replace(text, kind, *contents, ttl=ttl)
                for text, kind, ttl, contents in edits]

    def all_rrsets(self):
        return self.rrsets([(text, kind, ttl, contents)
                            for (_, kind), (text, ttl, contents) in self.sets.items()])

    def content(self):
        """As signed_zone.content_of() gives it, with any serial."""
        return {(name, types.from_text(kind)):
                (ttl, sorted(dns.rdata.from_text("IN", kind, each).to_digestable(dns.name.root)
                             for each in contents))
                for (name, kind), (_, ttl, contents) in self.sets.items()}
