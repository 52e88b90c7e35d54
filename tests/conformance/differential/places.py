"""Where in its zone a name is, told from how the zone was made and not from what a server says."""

import base64
import dataclasses
import enum

from differential import denial, names


class Kind(enum.Enum):
    NAME = "exists"  # Perhaps as an empty non-terminal.
    CUT = "is at or below a zone cut"
    DNAME = "is below a DNAME"
    WILDCARD = "is made from a wildcard"
    NOTHING = "does not exist"


@dataclasses.dataclass(frozen=True)
class Place:
    kind: Kind
    above: bytes  # The name itself, the cut, the owner of the DNAME, or the closest encloser.


class Places:
    """Those of one zone; all names in lower case."""

    def __init__(self, zone):
        self.zone = zone
        self.cuts = {owner.lower() for owner, _ in zone.cuts}
        self.dnames = {owner.lower() for owner in zone.dnames}
        self.existing = set()
        for owner in zone.owners:
            inside = self.inside(owner.lower())
            if not any(a in self.cuts or a in self.dnames for a in inside[1:]):
                self.existing.update(inside)

    def inside(self, name):
        """The name and those above it, up to the apex."""
        found = []
        for above in names.ancestors(name):
            found.append(above)
            if above == self.zone.apex:
                break
        return found

    def place(self, name):
        inside = self.inside(name)
        for above in reversed(inside):  # What is nearest to the apex hides what is below.
            if above in self.cuts:
                return Place(Kind.CUT, above)
            if above in self.dnames and above != name:
                return Place(Kind.DNAME, above)
        if name in self.existing:
            return Place(Kind.NAME, name)
        encloser = next(a for a in inside if a in self.existing)
        is_made = names.join([b"*"], encloser) in self.existing
        return Place(Kind.WILDCARD if is_made else Kind.NOTHING, encloser)

    def may_lack_nsec3(self, name):
        """Opt-out leaves out cuts without DS, and empty names above nothing but such (RFC 5155 §6):
        which ones, the signer has decided."""
        signing = self.zone.signing
        if signing.denial != "opt-out":
            return False
        hashed = denial.hash_name(name, bytes.fromhex(signing.salt.strip("-")), signing.iterations)
        return base64.b32hexencode(hashed).decode().lower() not in self.zone.nsec3_owners
