"""What a signed zone has to be, worked out from its records by other code than that which signs.

faults_of() says what is wrong with a zone as it was transferred: each signature is checked, and the
whole chain of denial is built once more and compared: names, types, TTLs. content_of() is the zone
without all that a signer makes.
"""

import socket
import struct
import time

import dns.dnssec
import dns.message
import dns.name
import dns.rdatatype as types
import dns.rrset
import dns.tsig

import peers

CHAIN = {types.NSEC, types.NSEC3}
MADE = CHAIN | {types.NSEC3PARAM}
MADE_AT_APEX = {types.DNSKEY, types.CDS, types.CDNSKEY, types.ZONEMD}
DELETE = ("0 0 0 00", "0 3 0 AA==")


def transferred(port, zone):
    """The records of an AXFR in their order, each as (owner, TTL, type, rdata)."""
    query = dns.message.make_query(zone, "AXFR")
    query.use_tsig(peers.KEYRING, algorithm=dns.tsig.HMAC_SHA256)
    wire = query.to_wire()
    records, context = [], None
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        stream = link.makefile("rb")
        link.sendall(struct.pack("!H", len(wire)) + wire)
        while sum(kind == types.SOA for _, _, kind, _ in records) < 2:
            head = stream.read(2)
            if len(head) < 2:
                raise EOFError("the transfer was cut short")
            message = dns.message.from_wire(
                stream.read(*struct.unpack("!H", head)), keyring=query.keyring,
                request_mac=query.mac, xfr=True, multi=True, one_rr_per_rrset=True,
                tsig_ctx=context)
            context = message.tsig_ctx
            if message.rcode() != 0:
                raise ValueError(dns.rcode.to_text(message.rcode()))
            records += [(rrset.name, rrset.ttl, rrset.rdtype, record)
                        for rrset in message.answer for record in rrset]
    return records[:-1]


def canonical(rdata):
    return rdata.to_digestable(dns.name.root)


class SignedZone:
    def __init__(self, records):
        self.faults = []
        self.now = time.time()
        self.apex = records[0][0]
        self.sets = {}  # (owner, type): (TTL, [rdata]).
        self.signatures = {}  # (owner, covered type): [(TTL, rdata)].
        for owner, ttl, kind, rdata in records:
            if kind == types.RRSIG:
                self.signatures.setdefault((owner, rdata.covers()), []).append((ttl, rdata))
                continue
            set_ttl, rdatas = self.sets.setdefault((owner, kind), (ttl, []))
            self.expect(set_ttl == ttl, "one TTL", owner, kind)
            self.expect(canonical(rdata) not in map(canonical, rdatas), "no twins", owner, kind)
            rdatas.append(rdata)
        self.types = {}
        for owner, kind in self.sets:
            self.types.setdefault(owner, set()).add(kind)
        self.find_standings()

    def expect(self, is_so, *what):
        if not is_so:
            self.faults.append("expected: " + " ".join(
                types.to_text(each) if isinstance(each, types.RdataType) else str(each)
                for each in what))

    def at_apex(self, kind):
        return self.sets.get((self.apex, kind), (0, []))[1]

    @property
    def is_signed(self):
        return bool(self.at_apex(types.DNSKEY))

    def content(self):
        return {(owner, kind): (ttl, sorted(map(canonical, rdatas)))
                for (owner, kind), (ttl, rdatas) in self.sets.items()
                if kind not in MADE and not (owner == self.apex and kind in MADE_AT_APEX)}

    def find_standings(self):
        """Which names are delegated, and which lie below one that hides them."""
        self.names = sorted(owner for owner, kinds in self.types.items() if kinds - CHAIN)
        hiders = {owner for owner in self.names
                  if types.DNAME in self.types[owner] or
                  (types.NS in self.types[owner] and owner != self.apex)}
        self.occluded = {owner for owner in self.names
                         if any(owner != each and owner.is_subdomain(each) for each in hiders)}
        self.cuts = {owner for owner in hiders - self.occluded if types.NS in self.types[owner]}
        self.cuts.discard(self.apex)
        self.ours = [owner for owner in self.names if owner not in self.occluded]

    # --- Signatures ---

    def check_signatures(self):
        self.keys = {(dns.dnssec.key_id(key), key.algorithm): key
                     for key in self.at_apex(types.DNSKEY)}
        for (owner, kind), (ttl, rdatas) in self.sets.items():
            is_ours = owner not in self.occluded and (
                owner not in self.cuts or kind in CHAIN | {types.DS})
            signatures = self.signatures.pop((owner, kind), [])
            if is_ours:
                rrset = dns.rrset.from_rdata_list(owner, ttl, rdatas)
                self.check_set(rrset, signatures)
            else:
                self.expect(not signatures, "no signature over what is not the zone's", owner, kind)
        for owner, kind in self.signatures:
            self.expect(False, "something under the signature of", owner, kind)

    def check_set(self, rrset, signatures):
        what = (rrset.name, rrset.rdtype)
        trusted = {self.apex: dns.rrset.from_rdata_list(self.apex, 0, list(self.keys.values()))}
        good = []
        for ttl, rrsig in signatures:
            self.expect(ttl == rrsig.original_ttl == rrset.ttl, "the TTL of the set:", *what)
            self.check_life(rrsig, what)
            maker = (rrsig.key_tag, rrsig.algorithm)
            if maker not in self.keys:  # A new algorithm signs before its key is published.
                is_alone = rrsig.algorithm not in {algorithm for _, algorithm in self.keys}
                self.expect(is_alone, "a signature by a key that is there:", *what)
                continue
            try:
                dns.dnssec.validate_rrsig(rrset, rrsig, trusted, now=self.now)
                good.append(maker)
            except dns.exception.DNSException as error:
                self.expect(False, f"a good signature ({error}):", *what)
        self.expect(len(good) == len(set(good)), "one signature by each key:", *what)
        self.expect({algorithm for _, algorithm in good} == {each for _, each in self.keys},
                    "a signature of each algorithm:", *what)

    def check_life(self, rrsig, what):
        """It holds, and for longer than any copy of the zone is served and cached."""
        soa = self.at_apex(types.SOA)[0]
        ttl_max = max(ttl for ttl, _ in self.sets.values())
        left = rrsig.expiration - self.now
        self.expect(rrsig.inception <= self.now, "a beginning in the past:", *what)
        self.expect(left > soa.expire + soa.refresh + soa.retry + ttl_max, "a long life:", *what)

    # --- Denial ---

    @property
    def denial_ttl(self):
        """RFC 9077."""
        ttl, rdatas = self.sets[self.apex, types.SOA]
        return min(ttl, rdatas[0].minimum)

    def types_to_deny(self, owner):
        """What is there, and whether any of it is signed."""
        kinds = self.types.get(owner, set()) - CHAIN
        if owner in self.cuts:
            kinds = kinds & {types.NS, types.DS}
            return kinds, types.DS in kinds
        return kinds, bool(kinds)

    def check_link(self, owner, link, following, kinds):
        windows = {window * 256 + at * 8 + bit for window, octets in link.windows
                   for at, octet in enumerate(octets) for bit in range(8) if octet & 0x80 >> bit}
        self.expect(windows == set(map(int, kinds)), "the types of", owner, "not", link)
        self.expect(following == str(link).split()[4 if link.rdtype == types.NSEC3 else 0],
                    "a link to", following, "not", link)

    def check_nsec(self):
        chain = {owner for owner, kind in self.sets if kind in CHAIN}
        self.expect(chain == set(self.ours), "links of all and others:", chain ^ set(self.ours))
        for at, owner in enumerate(self.ours):
            ttl, links = self.sets.get((owner, types.NSEC), (0, []))
            self.expect((len(links), ttl) == (1, self.denial_ttl), "one NSEC and its TTL:", owner)
            following = self.ours[(at + 1) % len(self.ours)]
            kinds, _ = self.types_to_deny(owner)
            for link in links:
                self.expect(link.next == following, "a link from", owner, "to", following)
                self.check_link(owner, link, str(link.next), kinds | {types.NSEC, types.RRSIG})

    def hashed(self, opts_out):
        """The names that have a link, and those that are empty above them, by hash."""
        linked = set()
        for owner in self.ours:
            if opts_out and owner in self.cuts and types.DS not in self.types[owner]:
                continue
            while owner != self.apex:
                linked.add(owner)
                owner = owner.parent()
        parameters = self.at_apex(types.NSEC3PARAM)[0]
        return {dns.dnssec.nsec3_hash(owner, parameters.salt.hex() or None, parameters.iterations,
                                      parameters.algorithm).lower(): owner
                for owner in linked | {self.apex}}

    def check_nsec3(self):
        parameters = self.at_apex(types.NSEC3PARAM)[0]
        chain = {owner: self.sets[owner, kind] for owner, kind in self.sets if kind in CHAIN}
        flags = {link.flags for _, links in chain.values() for link in links}
        hashes = self.hashed(opts_out=flags == {1})
        order = sorted(hashes)
        self.expect(flags <= {0} or flags == {1}, "opt-out of all or none")
        self.expect({str(owner.labels[0], "ascii").lower() for owner in chain} == set(hashes),
                    "links of", sorted(map(str, hashes.values())))
        for owner, (ttl, links) in chain.items():
            own = str(owner.labels[0], "ascii").lower()
            self.expect((len(links), ttl) == (1, self.denial_ttl), "one NSEC3, its TTL:", owner)
            self.expect((links[0].algorithm, links[0].iterations, links[0].salt) ==
                        (parameters.algorithm, parameters.iterations, parameters.salt),
                        "the parameters in", links[0])
            if own not in hashes:
                continue
            kinds, has_signed = self.types_to_deny(hashes[own])
            self.check_link(hashes[own], links[0], order[(order.index(own) + 1) % len(order)],
                            kinds | ({types.RRSIG} if has_signed else set()))

    # --- What is told to the parent ---

    def check_wishes(self):
        """RFC 7344 §4, RFC 8078 §4: each of both speaks of the same keys, or asks to delete."""
        cds, cdnskeys = map(self.at_apex, (types.CDS, types.CDNSKEY))
        if any(each.algorithm == 0 for each in [*cds, *cdnskeys]):
            self.expect(tuple(map(str, [*cds, *cdnskeys])) == DELETE, "a lone wish to delete")
            return
        published = set(map(canonical, self.at_apex(types.DNSKEY)))
        self.expect({canonical(each) for each in cdnskeys} <= published, "CDNSKEY of DNSKEYs")
        digests = {str(dns.dnssec.make_ds(self.apex, key, "SHA256"))
                   for key in self.at_apex(types.DNSKEY) if canonical(key) in
                   set(map(canonical, cdnskeys))}
        self.expect(set(map(str, cds)) == digests, "the CDS of each CDNSKEY:", cds, digests)

    def check(self):
        if not self.is_signed:
            left = [kind for _, kind in self.sets if kind in MADE] + list(self.signatures)
            self.expect(not left, "nothing of a signer in an unsigned zone:", left)
            return
        self.check_signatures()
        if self.at_apex(types.NSEC3PARAM):
            self.check_nsec3()
        else:
            self.check_nsec()
        self.check_wishes()


def faults_of(records):
    zone = SignedZone(records)
    zone.check()
    return zone.faults


def content_of(records):
    return SignedZone(records).content()
