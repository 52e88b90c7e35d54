"""Signs zones with the signers of BIND and of ldns, so that all servers serve the same signed file.

The keys are fixed, and Ed25519 is deterministic: the same zone has the same signatures each time.
"""

import base64
import hashlib
import struct
import subprocess

from differential import names

# A key-signing and a zone-signing key, for tests alone: what is secret here is secret from nobody.
KEYS = (
    (257, "qRmsflNFja5Ei4Iev2joW5yQ+IY/HYIW20YR9fM9e7Q=",
     "HXwlLrekXhJQpx+viiwf3gvq8FkSNkdVErrFUrWuiwY="),
    (256, "quXkUaq9BwW+1ZI1iOEOYrlc4Rx+bu1X+ht+y3JAN8Y=",
     "X3Crc77YhO6HzsFMguoLsTcMDdi5dCC+xeaz/zKCEB8="),
)  # fmt: skip
ALGORITHM = 15  # Ed25519 (RFC 8080).
TTL = 3600
SINCE, UNTIL = "20250101000000", "20370101000000"  # Before 2038, where ldns ends.


def dnskey(flags, public):
    return struct.pack("!HBB", flags, 3, ALGORITHM) + base64.b64decode(public)


def key_tag(rdata):
    """RFC 4034, appendix B."""
    total = sum(byte << 8 if i % 2 == 0 else byte for i, byte in enumerate(rdata))
    return (total + (total >> 16)) & 0xFFFF


def ds(apex):
    """The rdata, as text, of the DS for a zone that is signed here."""
    rdata = dnskey(*KEYS[0][:2])
    digest = hashlib.sha256(apex + rdata).hexdigest()
    return f"{key_tag(rdata)} {ALGORITHM} 2 {digest}"


def write_keys(apex, folder):
    """The base names of the key files, as both signers want them."""
    found = []
    for flags, public, private in KEYS:
        name = names.to_text(apex)
        base = folder / f"K{name}+{ALGORITHM:03}+{key_tag(dnskey(flags, public)):05}"
        base.with_name(base.name + ".key").write_text(
            f"{name} {TTL} IN DNSKEY {flags} 3 {ALGORITHM} {public}\n")
        base.with_name(base.name + ".private").write_text(
            f"Private-key-format: v1.3\nAlgorithm: {ALGORITHM} (ED25519)\nPrivateKey: {private}\n")
        found.append(base.name)
    return found


def sign(zone, source, target):
    """Writes the zone, signed as it says, to `target`."""
    folder = source.parent
    keys = write_keys(zone.apex, folder)
    command = {"dnssec-signzone": with_bind, "ldns-signzone": with_ldns}[zone.signing.signer]
    done = subprocess.run(command(zone, source, target, keys), cwd=folder, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, f"{zone.name}: {done.args}\n{done.stdout}\n{done.stderr}"
    lines = (line.split() for line in target.read_text().splitlines())
    zone.nsec3_owners = {w[0].split(".")[0].lower() for w in lines if w[3:4] == ["NSEC3"]}


def with_bind(zone, source, target, keys):
    signing = zone.signing
    denial = [] if signing.denial == "nsec" else ["-3", signing.salt, "-H", str(signing.iterations)]
    opt_out = ["-A"] if signing.denial == "opt-out" else []
    lines = "".join((source.parent / f"{key}.key").read_text() for key in keys)
    source.write_text(source.read_text() + lines)
    # fmt: off
    return ["dnssec-signzone", "-P", "-q", "-n", "1", "-x", "-O", "full", "-s", SINCE, "-e", UNTIL,
            "-o", zone.name, "-f", target, *denial, *opt_out, source, *keys]
    # fmt: on


def with_ldns(zone, source, target, keys):
    signing = zone.signing
    denial = [] if signing.denial == "nsec" else ["-n", "-t", str(signing.iterations)]
    if denial and signing.salt != "-":
        denial += ["-s", signing.salt]
    opt_out = ["-p"] if signing.denial == "opt-out" else []
    # fmt: off
    return ["ldns-signzone", "-i", SINCE, "-e", UNTIL, "-o", zone.name, "-f", target,
            *denial, *opt_out, source, *keys]
    # fmt: on
