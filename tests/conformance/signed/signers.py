"""Signs one zone with each signer that is installed, in each way it can deny names."""

import dataclasses
import shutil
import subprocess

from differential import signing

ZONE = """\
$TTL 300
@ SOA ns host 1 7200 900 1209600 60
@ NS ns
@ MX 10 mail
ns A 192.0.2.1
mail AAAA 2001:db8::1
www CNAME mail
out CNAME www.elsewhere.example.
loop CNAME loop
deep.down.below TXT "deep"
*.wild TXT "wild"
*.wild MX 10 mail
exact.wild A 192.0.2.2
x.*.star A 192.0.2.3
*.alias CNAME q.wild
chain CNAME a.alias
safe NS ns.safe
safe DS 12345 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE66E8A4D9B0EEA4C1BEE3E3D3
ns.safe A 192.0.2.4
open NS ns.open
ns.open A 192.0.2.5
many.empty.above NS ns.elsewhere.example.
both.here NS ns.elsewhere.example.
here TXT "here"
moved DNAME wild
gone DNAME elsewhere.example.
tomoved CNAME b.moved
\\000.odd TXT "odd"
UPPER.Case A 192.0.2.6
srv SRV 1 1 1 mail
*.sub.open2 A 192.0.2.7
open2 NS ns.elsewhere.example.
"""


@dataclasses.dataclass
class Signer:
    name: str  # And that of the zone.
    command: str
    options: list

    def sign(self, folder):
        """Writes NAME.zone into a folder of the same name below `folder`; returns its path."""
        apex = b"".join(bytes([len(part)]) + part.encode() for part in self.zone.split("."))
        work = folder / f"work-{self.name}"
        work.mkdir()
        source, target = work / "plain", folder / f"{self.zone}.zone"
        source.write_text(f"$ORIGIN {self.zone}.\n{ZONE}")
        keys = signing.write_keys(apex + b"\0", work)
        run = getattr(self, self.command.replace("-", "_"))
        run(work, source, target, keys)
        return target

    @property
    def zone(self):
        return f"{self.name}.test"

    def dnssec_signzone(self, work, source, target, keys):
        lines = "".join((work / f"{key}.key").read_text() for key in keys)
        source.write_text(source.read_text() + lines)
        # fmt: off
        self.run(work, "-P", "-q", "-x", "-O", "full", "-s", signing.SINCE, "-e", signing.UNTIL,
                 "-o", self.zone, "-f", target, *self.options, source, *keys)
        # fmt: on

    def ldns_signzone(self, work, source, target, keys):
        # fmt: off
        self.run(work, "-i", signing.SINCE, "-e", signing.UNTIL, "-o", self.zone, "-f", target,
                 *self.options, source, *keys)
        # fmt: on

    def kzonesign(self, work, source, target, keys):
        """With keys of its own: it takes none from outside."""
        work.joinpath("knot.conf").write_text(
            f"database:\n  storage: {work}\n"
            f"policy:\n  - id: p\n    algorithm: ed25519\n    {self.options[0]}\n"
            f"template:\n  - id: default\n    storage: {work}\n    dnssec-policy: p\n"
            f"zone:\n  - domain: {self.zone}\n    file: plain\n")
        self.run(work, "-c", "knot.conf", "-o", work, self.zone)
        shutil.move(source, target)  # It writes where it has read.

    def run(self, work, *arguments):
        command = [self.command, *map(str, arguments)]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


SIGNERS = [
    Signer("bind-nsec", "dnssec-signzone", []),
    Signer("bind-nsec3", "dnssec-signzone", ["-3", "-", "-H", "0"]),
    Signer("bind-salt", "dnssec-signzone", ["-3", "aabbccdd", "-H", "12"]),
    Signer("bind-opt-out", "dnssec-signzone", ["-3", "beef", "-H", "1", "-A"]),
    Signer("ldns-nsec", "ldns-signzone", []),
    Signer("ldns-nsec3", "ldns-signzone", ["-n", "-t", "5", "-s", "0123"]),
    Signer("ldns-opt-out", "ldns-signzone", ["-n", "-p", "-t", "0"]),
    Signer("knot-nsec", "kzonesign", ["nsec3: off"]),
    Signer("knot-nsec3", "kzonesign", ["nsec3: on"]),
    Signer("knot-opt-out", "kzonesign", ["nsec3: on\n    nsec3-opt-out: on"]),
]
