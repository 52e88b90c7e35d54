"""Zones and questions from a seed: everything that makes authoritative servers think.

A zone is made of names (wildcards, empty non-terminals, odd bytes, deep ones) that get a role:
data, alias (CNAME), renamed subtree (DNAME) or zone cut. The same seed makes the same zones and
questions, on any machine.
"""

import dataclasses
import random

LABELS = ["a", "b", "c", "www", "mail", "x-1", "_tcp", "_sip", "Mixed", "1", "0"]
ODD_LABELS = [r"\000", r"\255\254", r"a\.b", r"\032", r"q\"q", r"\;", r"\@", r"\*a", "x" * 63]
TTLS = [0, 1, 60, 300, 3600, 86400]
ASKED_TYPES = ["A", "AAAA", "NS", "SOA", "MX", "TXT", "CNAME", "DNAME", "SRV", "DS", "PTR", "CAA",
               "NAPTR", "HTTPS", "TYPE65280", "TYPE999"]  # fmt: skip


@dataclasses.dataclass
class Zone:
    name: str  # Without the last dot.
    lines: list = dataclasses.field(default_factory=list)
    names: list = dataclasses.field(default_factory=list)  # Absolute, with the last dot.

    def text(self):
        return "\n".join(self.lines) + "\n"


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    # --- Zones ---

    def zones(self, count):
        """Zones side by side, some below a cut of another."""
        names = [f"z{i}.test" for i in range(count)]
        names += [f"c{i}.z{i}.test" for i in range(0, count, 4)]
        return [self.zone(name, names) for name in names]

    def zone(self, name, served):
        zone = Zone(name)
        apex = name + "."
        self.taken = {apex: "apex"}
        self.glue_below = []
        minimum = self.random.choice(TTLS)
        self.add(zone, apex, self.ttl(), f"SOA ns1.{apex} host.{apex} 1 3600 600 86400 {minimum}")
        self.add_name_servers(zone, apex)
        for child in served:
            if child.endswith("." + name) and child != name:
                self.add_cut(zone, child + ".")
        for _ in range(self.random.randint(15, 50)):
            self.add_node(zone, self.new_name(apex), served)
        self.add_large_set(zone, apex)
        zone.names = sorted(self.taken)
        return zone

    def add(self, zone, owner, ttl, rest):
        zone.lines.append(f"{owner} {ttl} IN {rest}")

    def ttl(self):
        return self.random.choice(TTLS)

    def label(self):
        return self.random.choice(ODD_LABELS if self.random.random() < 0.15 else LABELS)

    def new_name(self, apex):
        depth = self.random.choice([1, 1, 1, 2, 2, 3, 4, 8])
        labels = [self.label() for _ in range(depth)]
        if self.random.random() < 0.2:
            labels[0] = "*"
        elif self.random.random() < 0.05:
            labels.insert(self.random.randrange(len(labels) + 1), "*")
        base = apex
        if self.random.random() < 0.4:
            base = self.random.choice(sorted(self.taken))
        name = ".".join(labels) + "." + base
        return name if len(name) < 200 else labels[0] + "." + apex

    def is_below_cut_or_dname(self, name):
        return any(
            name.lower().endswith("." + owner.lower())
            for owner, role in self.taken.items()
            if role in ("cut", "dname")
        )

    def has_below(self, name):
        return any(other.lower().endswith("." + name.lower()) for other in self.taken)

    def add_node(self, zone, name, served):
        if name.lower() in {taken.lower() for taken in self.taken}:
            return
        if self.is_below_cut_or_dname(name):
            return
        role = self.random.choices(
            ["data", "alias", "cut", "dname"], weights=[60, 20, 12, 8 if not self.has_below(name) else 0]
        )[0]
        if name.startswith("*") and role in ("cut", "dname"):
            role = "data"
        if role == "cut" and self.has_below(name):
            role = "data"
        {"data": self.add_data, "alias": self.add_alias, "cut": self.add_cut, "dname": self.add_dname}[
            role
        ](zone, name, *([served] if role in ("alias", "dname") else []))

    def add_data(self, zone, name):
        self.taken[name] = "data"
        for rdtype in self.random.sample(sorted(RDATA), self.random.choice([1, 1, 2, 3])):
            ttl = self.ttl()
            rdata = {RDATA[rdtype](self, zone.name + ".") for _ in range(self.random.choice([1, 1, 2, 4]))}
            for one in sorted(rdata):
                self.add(zone, name, ttl, f"{rdtype} {one}")

    def add_alias(self, zone, name, served):
        self.taken[name] = "alias"
        self.add(zone, name, self.ttl(), f"CNAME {self.target(zone.name + '.', served)}")

    def add_dname(self, zone, name, served):
        target = self.target(zone.name + ".", served)
        if target.lower().endswith(name.lower()):
            return  # A DNAME into itself makes names grow: servers differ on when they stop.
        self.taken[name] = "dname"
        self.add(zone, name, self.ttl(), f"DNAME {target}")
        if self.random.random() < 0.5:
            self.add(zone, name, self.ttl(), 'TXT "beside a DNAME"')

    def add_name_servers(self, zone, apex):
        ttl = self.ttl()
        self.add(zone, apex, ttl, f"NS ns1.{apex}")
        self.add(zone, f"ns1.{apex}", self.ttl(), "A 192.0.2.1")
        self.taken[f"ns1.{apex}"] = "data"
        if self.random.random() < 0.5:
            self.add(zone, apex, ttl, "NS ns.elsewhere.example.")

    def add_cut(self, zone, name):
        self.taken[name] = "cut"
        ttl = self.ttl()
        for host in self.random.sample(["in", "out", "sibling"], self.random.choice([1, 2, 3])):
            if host == "in":
                self.add(zone, name, ttl, f"NS ns.{name}")
                self.add_addresses(zone, f"ns.{name}")
            elif host == "sibling":
                self.add(zone, name, ttl, f"NS ns1.{zone.name}.")
            else:
                self.add(zone, name, ttl, "NS ns.elsewhere.example.")
        if self.random.random() < 0.3:
            self.add(zone, name, self.ttl(), f"DS 12345 13 2 {'ab' * 32}")

    def add_addresses(self, zone, name):
        self.add(zone, name, self.ttl(), f"A 192.0.2.{self.random.randrange(256)}")
        if self.random.random() < 0.5:
            self.add(zone, name, self.ttl(), f"AAAA 2001:db8::{self.random.randrange(65536):x}")

    def add_large_set(self, zone, apex):
        name = f"large.{apex}"
        if name in self.taken or self.random.random() < 0.5:
            return
        self.taken[name] = "data"
        for i in range(self.random.choice([20, 35, 90])):
            self.add(zone, name, 300, f"A 198.51.100.{i}")

    def target(self, apex, served):
        kind = self.random.random()
        if kind < 0.55:
            return self.random.choice(sorted(self.taken))
        if kind < 0.7:
            return f"{self.label()}.{apex}"
        if kind < 0.85:
            return f"{self.label()}.{self.random.choice(served)}."
        return "www.elsewhere.example."

    # --- Questions ---

    def question(self, zones):
        """A name in wire-ready text, a type, and header flags with EDNS choice."""
        zone = self.random.choice(zones)
        name = self.random.choice(zone.names)
        change = self.random.random()
        if change < 0.15:
            name = f"{self.label()}.{name}"
        elif change < 0.25:
            name = f"{self.label()}.{self.label()}.{name}"
        elif change < 0.35 and name != zone.name + ".":
            name = parent(name)
        elif change < 0.45:
            name = f"{self.label()}.{parent(name)}" if name != zone.name + "." else name
        elif change < 0.5:
            name = f"*.{name}"
        if self.random.random() < 0.1:
            name = name.swapcase() if "\\" not in name else name
        rdtype = self.random.choice(ASKED_TYPES)
        edns = self.random.choice([None, 512, 1232, 4096])
        return name, rdtype, edns, self.random.random() < 0.3


def parent(name):
    at = 0
    while True:
        at = name.index(".", at)
        escaped = at > 0 and name[at - 1] == "\\"
        at += 1
        if not escaped:
            return name[at:]


def host(generator, apex):
    return generator.random.choice([f"mail.{apex}", f"ns1.{apex}", f"www.{apex}", "mx.elsewhere.example."])


RDATA = {
    "A": lambda g, _: f"192.0.2.{g.random.randrange(256)}",
    "AAAA": lambda g, _: f"2001:db8::{g.random.randrange(65536):x}",
    "TXT": lambda g, _: f'"text {g.random.randrange(100)}" "{"y" * g.random.randrange(60)}"',
    "MX": lambda g, apex: f"{g.random.randrange(100)} {host(g, apex)}",
    "SRV": lambda g, apex: f"0 {g.random.randrange(10)} 5060 {host(g, apex)}",
    "PTR": lambda g, apex: host(g, apex),
    "CAA": lambda g, _: f'0 issue "ca{g.random.randrange(10)}.example"',
    "NAPTR": lambda g, apex: f'{g.random.randrange(100)} 10 "u" "E2U+sip" "!^.*$!sip:x@example.com!" .',
    "HTTPS": lambda g, _: f"{g.random.randrange(1, 9)} . alpn=h2",
    "TYPE65280": lambda g, _: f"\\# 4 {g.random.randrange(1 << 32):08x}",
}
