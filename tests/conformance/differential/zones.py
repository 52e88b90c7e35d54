"""Zones from a seed: everything that makes authoritative servers think.

A zone is made of names (wildcards, empty non-terminals, odd bytes, deep ones) that get a role:
data, alias (CNAME), renamed subtree (DNAME) or zone cut. The same seed makes the same zones on any
machine. How a zone is signed is chosen here and done in signing.py.
"""

import dataclasses
import random

from differential import names, signing

LABELS = [b"a", b"b", b"c", b"www", b"mail", b"x-1", b"_tcp", b"_sip", b"Mixed", b"1", b"0"]
ODD_LABELS = [b"\0", b"\xff\xfe", b"a.b", b" ", b'q"q', b";", b"@", b"*a", b"x" * 63, b"(", b"$"]
UNREADABLE = (b'q"q', b";", b"@", b"(", b"$")  # What ldns writes so that not all can read it.
DENIALS = ("none", "nsec", "nsec3", "opt-out")  # Not signed; NSEC; NSEC3 without and with opt-out.
TTLS = [0, 1, 60, 300, 3600, 86400]
ELSEWHERE = "elsewhere.example."


@dataclasses.dataclass(frozen=True)
class Signing:
    """How a zone is signed, and how it proves that something is not there."""

    denial: str
    signer: str = "dnssec-signzone"
    salt: str = "-"
    iterations: int = 0


@dataclasses.dataclass
class Zone:
    apex: bytes  # In wire form, lower case.
    signing: Signing
    lines: list = dataclasses.field(default_factory=list)
    owners: list = dataclasses.field(default_factory=list)  # In wire form, their letters as written.
    cuts: list = dataclasses.field(default_factory=list)  # (owner, whether a zone here is below it)
    dnames: list = dataclasses.field(default_factory=list)  # Owners, as those above.
    nsec3_owners: set = dataclasses.field(default_factory=set)  # Their first labels, once signed.

    @property
    def name(self):
        return names.to_text(self.apex)

    @property
    def file(self):
        return f"{self.name if self.apex != names.ROOT else 'root.'}zone"

    def text(self):
        return "\n".join(self.lines) + "\n"


class ZoneMaker:
    """Makes the zones of one world, one after the other."""

    def __init__(self, seed, denials):
        self.random = random.Random(f"zones {seed}")
        self.denials = denials

    def many(self, count):
        """Zones side by side, some below others: below a cut, or beside what their parent knows."""
        tops = [names.from_text(f"z{i}.test") for i in range(count)]
        apexes = list(tops)
        for i, top in enumerate(tops):
            if i % 4 == 0:
                apexes.append(names.join([b"c%d" % i], top))
            if i % 8 == 0:
                apexes.append(names.join([b"g", b"c%d" % i], top))
            if i % 8 == 4:
                apexes.append(names.join([b"deep", b"ent"], top))
        return self.zones(apexes)

    def with_root(self, count):
        """The root, top-level domains and zones below them."""
        tops = [names.from_text(f"tld{i}") for i in range(count)]
        apexes = [names.ROOT, *tops]
        apexes += [names.join([b"child"], top) for top in tops[::2]]
        return self.zones(apexes)

    def zones(self, apexes):
        self.signings = {apex: self.signing() for apex in apexes}
        return [self.zone(apex, apexes) for apex in apexes]

    def zone(self, apex, served):
        zone = Zone(apex, self.signings[apex])
        self.zone_in_work = zone
        self.roles = {apex: "apex"}
        self.served = served
        zone.owners.append(apex)
        self.add_apex(zone)
        for child in served:
            above = [z for z in served if names.is_below(child, z)]
            if apex in above and apex == max(above, key=len) and self.random.random() < 0.85:
                self.take(child, "cut")
                self.add_cut(child, is_served=True)
        for _ in range(self.random.randint(15, 50)):
            self.add_node(self.new_name(apex))
        self.add_deep_names(apex)
        self.add_large_set(apex)
        return zone

    def signing(self):
        denial = self.random.choice(self.denials)
        if denial in ("none", "nsec"):
            return Signing(denial, self.random.choice(["dnssec-signzone", "ldns-signzone"]))
        return Signing(
            denial,
            self.random.choice(["dnssec-signzone", "ldns-signzone"]),
            self.random.choice(["-", "-", "ab", "0123456789abcdef"]),
            self.random.choice([0, 0, 1, 5]),
        )

    # --- Names ---

    def add(self, owner, ttl, rest):
        self.zone_in_work.lines.append(f"{names.to_text(owner)} {ttl} IN {rest}")

    def ttl(self):
        return self.random.choice(TTLS)

    def label(self):
        label = self.random.choice(ODD_LABELS if self.random.random() < 0.15 else LABELS)
        is_for_ldns = self.zone_in_work.signing.signer == "ldns-signzone"
        return b"a" if is_for_ldns and label in UNREADABLE else label

    def new_name(self, apex):
        depth = self.random.choice([1, 1, 1, 2, 2, 3, 4, 8])
        labels = [self.label() for _ in range(depth)]
        if self.random.random() < 0.2:
            labels[0] = b"*"
        elif self.random.random() < 0.05:
            labels.insert(self.random.randrange(len(labels) + 1), b"*")
        base = apex
        if self.random.random() < 0.4:
            base = self.random.choice(self.zone_in_work.owners)
        name = names.join(labels, base)
        return name if len(name) <= self.size_max() else names.join(labels[:1], apex)

    def size_max(self):
        """The signer of BIND gives up, and NSD ends, where NSEC3 has no room for a wildcard."""
        is_hashed = self.zone_in_work.signing.denial in ("nsec3", "opt-out")
        return names.SIZE_MAX - 2 if is_hashed else names.SIZE_MAX

    def take(self, owner, role):
        self.roles[owner.lower()] = role
        self.zone_in_work.owners.append(owner)

    def is_hidden(self, name):
        return any(self.roles.get(a) in ("cut", "dname") for a in names.ancestors(names.parent(name)))

    def has_below(self, name):
        return any(names.is_below(other, name) for other in self.roles)

    def add_node(self, name):
        lowered = name.lower()
        if lowered in self.roles or self.is_hidden(lowered):
            return
        role = self.random.choices(["data", "alias", "cut", "dname"], weights=[60, 20, 12, 8])[0]
        is_wildcard = b"*" in names.labels(name)[:1]
        if role in ("cut", "dname") and (is_wildcard or self.has_below(lowered)):
            role = "data"
        self.take(name, role)
        {"data": self.add_data, "alias": self.add_alias, "cut": self.add_cut, "dname": self.add_dname}[
            role
        ](name)

    def add_deep_names(self, apex):
        """As long as a name can be, with as many labels as it can have, and nearly so."""
        if self.random.random() < 0.5 or len(apex) > 60:
            return
        size = self.size_max() - self.random.choice([0, 1, 2])
        for label in (b"d", b"y" * 63):
            name = apex
            while len(name) + 1 + len(label) <= size:
                name = names.join([label], name)
            if size - len(name) >= 2:
                name = names.join([b"e" * (size - len(name) - 1)], name)
            if name.lower() not in self.roles and not self.is_hidden(name.lower()):
                self.take(name, "data")
                self.add_data(name)

    # --- What stands at a name ---

    def add_apex(self, zone):
        apex, ttl = zone.apex, self.ttl()
        host = names.join([b"ns1"], apex)
        minimum = self.random.choice(TTLS)
        text = names.to_text(host)
        self.add(apex, self.ttl(), f"SOA {text} host.{ELSEWHERE} 1 3600 600 86400 {minimum}")
        self.add(apex, ttl, f"NS {text}")
        self.take(host, "data")
        self.add_addresses(host)
        if apex != names.ROOT and self.random.random() < 0.5:
            self.add(apex, ttl, f"NS ns.{ELSEWHERE}")

    def add_data(self, name):
        for rdtype in self.random.sample(sorted(RDATA), self.random.choice([1, 1, 2, 3])):
            ttl = self.ttl()
            count = self.random.choice([1, 1, 2, 4])
            for rdata in sorted({RDATA[rdtype](self) for _ in range(count)}):
                self.add(name, ttl, f"{rdtype} {rdata}")

    def add_alias(self, name):
        self.add(name, self.ttl(), f"CNAME {names.to_text(self.target())}")

    def add_dname(self, name):
        target = self.target()
        if names.is_below(target.lower(), name.lower()) or target.lower() == name.lower():
            target = names.from_text(ELSEWHERE)  # Into itself, servers differ on when they stop.
        self.zone_in_work.dnames.append(name)
        self.add(name, self.ttl(), f"DNAME {names.to_text(target)}")
        if self.random.random() < 0.5:
            self.add(name, self.ttl(), 'TXT "beside a DNAME"')

    def add_cut(self, name, is_served=False):
        self.zone_in_work.cuts.append((name, is_served))
        ttl, count = self.ttl(), self.random.choice([1, 1, 2, 3, 13])
        for kind in self.random.choices(["in", "out", "sibling", "zone"], k=count):
            self.add(name, ttl, f"NS {names.to_text(self.name_server(name, kind))}")
        is_signed = is_served and self.signings[name].denial != "none"
        is_secure = self.zone_in_work.signing.denial != "none"
        if is_secure and is_signed and self.random.random() < 0.8:
            self.add(name, self.ttl(), f"DS {signing.ds(name)}")
        if is_secure and not is_served and self.random.random() < 0.4:
            self.add(name, self.ttl(), f"DS 12345 13 2 {self.random.randbytes(32).hex()}")
        if self.random.random() < 0.2 and len(name) < names.SIZE_MAX - 10:
            self.add(names.join([b"hidden"], name), self.ttl(), 'TXT "below a cut: never seen"')

    def name_server(self, cut, kind):
        """Inside the child, elsewhere, below another cut of this zone, or in this zone itself."""
        apex = self.zone_in_work.apex
        if kind == "out":
            return names.from_text(f"ns{self.random.randrange(3)}.{ELSEWHERE}")
        if kind == "zone":
            return names.join([b"ns1"], apex)
        if kind == "sibling":
            cut = self.random.choice(self.zone_in_work.cuts)[0]
        host = names.join([b"ns%d" % self.random.randrange(30)], cut)
        if len(host) > self.size_max():
            return names.join([b"ns1"], apex)
        if host.lower() not in self.roles:
            self.take(host, "glue")
            self.add_addresses(host)
        return host

    def add_addresses(self, name):
        ttl = self.ttl()
        for _ in range(self.random.choice([1, 1, 2])):
            self.add(name, ttl, f"A {RDATA['A'](self)}")
        if self.random.random() < 0.5:
            self.add(name, self.ttl(), f"AAAA {RDATA['AAAA'](self)}")

    def add_large_set(self, apex):
        name = names.join([b"large"], apex)
        if name in self.roles or self.random.random() < 0.3:
            return
        self.take(name, "data")
        for i in range(self.random.choice([20, 26, 35, 70, 90, 250])):
            self.add(name, 300, f"A 198.51.100.{i}")

    def target(self):
        kind = self.random.random()
        if kind < 0.55:
            return self.random.choice(self.zone_in_work.owners)
        if kind < 0.7:
            return names.join([self.label()], self.zone_in_work.apex)
        if kind < 0.85:
            return names.join([self.label()], self.random.choice(self.served))
        return names.from_text(f"www.{ELSEWHERE}")

    def host(self):
        apex = self.zone_in_work.apex
        labels = self.random.choice([b"mail", b"ns1", b"www", b"a"])
        owners = self.zone_in_work.owners
        return names.to_text(
            self.random.choice(
                [
                    names.join([labels], apex),
                    names.join([labels], apex),
                    self.random.choice(owners),
                    names.join([labels], self.random.choice(self.served)),
                    names.from_text(f"mx.{ELSEWHERE}"),
                ]
            )
        )


def service(maker):
    """The rdata of SVCB and HTTPS: an alias or a service, its target a host or the owner."""
    random = maker.random
    if random.random() < 0.25:
        return f"0 {maker.host()}"
    target = random.choice([".", maker.host()])
    parameters = random.choice(["alpn=h2", "alpn=h2,h3 port=8443", "ipv4hint=192.0.2.1", ""])
    return f"{random.randrange(1, 9)} {target} {parameters}"


RDATA = {
    "A": lambda m: f"192.0.2.{m.random.randrange(256)}",
    "AAAA": lambda m: f"2001:db8::{m.random.randrange(65536):x}",
    "TXT": lambda m: f'"text {m.random.randrange(100)}" "{"y" * m.random.randrange(60)}"',
    "MX": lambda m: f"{m.random.randrange(100)} {m.host()}",
    "SRV": lambda m: f"0 {m.random.randrange(10)} 5060 {m.host()}",
    "PTR": lambda m: m.host(),
    "CAA": lambda m: f'0 issue "ca{m.random.randrange(10)}.example"',
    "NAPTR": lambda m: f'{m.random.randrange(100)} 10 "u" "E2U+sip" "!^.*$!sip:x@example.com!" .',
    "HTTPS": service,
    "SVCB": service,
    "TLSA": lambda m: f"3 1 1 {m.random.randbytes(32).hex()}",
    "TYPE65280": lambda m: f"\\# 4 {m.random.randrange(1 << 32):08x}",
}
