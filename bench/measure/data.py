"""Zones, made from a seed: the same seed makes the same names and records on any machine. Only keys
and signatures are new each time."""

import base64
import dataclasses
import hashlib
import shutil
import subprocess

LABEL_SIZE = range(5, 17)
HEAD = """$ORIGIN {zone}.
$TTL 3600
@ SOA ns1.{zone}. hostmaster.{zone}. 2026010101 7200 1800 1209600 300
@ NS ns1.{zone}.
@ NS ns2.{zone}.
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
ns2 A 198.51.100.53
"""


@dataclasses.dataclass(frozen=True)
class DataSet:
    """One set of zones, held by every server for all the workloads that ask it."""
    name: str
    kind: str  # "names", "zones" or "referrals"
    size: int
    signed: str = ""  # "nsec", "nsec3", "nsec3-opt-out", or not at all


def digest(seed, *parts):
    return hashlib.blake2b("/".join(map(str, (seed, *parts))).encode(), digest_size=20).digest()


def label(seed, number):
    """Lower-case letters and digits; the length follows from the digest too."""
    raw = digest(seed, number)
    size = LABEL_SIZE[raw[0] % len(LABEL_SIZE)]
    return "n" + base64.b32encode(raw[2:]).decode().lower()[:size]


def name(seed, number):
    """One in ten lies below a name that has no records of its own."""
    first = label(seed, number)
    return f"{first}.{label(seed, f'd{number}')}" if number % 10 == 0 else first


def types(seed, number):
    """The types a name has: addresses mostly, as in real zones."""
    roll = digest(seed, "types", number)[0]
    if roll < 128:
        return ("A",)
    if roll < 204:
        return ("A", "AAAA")
    return ("MX", "A") if roll < 230 else ("TXT",) if roll < 243 else ("AAAA",)


def rdata(rr_type, number):
    low, high = number & 0xFF, number >> 8 & 0xFF
    return {"A": f"198.18.{high}.{low}", "AAAA": f"2001:db8:{high:x}::{low:x}",
            "MX": f"10 mx{low}.mail.example.", "TXT": f'"v=spf1 ip4:198.18.{high}.{low} -all"',
            }[rr_type]


def name_lines(seed, size):
    for number in range(size):
        owner = name(seed, number)
        for rr_type in types(seed, number):
            yield f"{owner} {rr_type} {rdata(rr_type, number)}\n"


def referral_lines(seed, size):
    """Two name servers for each child; half of them inside it, with glue; half signed."""
    for number in range(size):
        child, raw = label(seed, number), digest(seed, "child", number)
        if raw[0] & 1:
            yield f"{child} NS ns1.{child}\n{child} NS ns2.{child}\n"
            yield f"ns1.{child} A 198.18.{raw[1]}.{raw[2]}\n"
            yield f"ns2.{child} AAAA 2001:db8:{raw[1]:x}::{raw[2]:x}\n"
        else:
            yield f"{child} NS ns1.hosting-{raw[1]}.example.\n"
            yield f"{child} NS ns2.hosting-{raw[1]}.example.\n"
        if raw[0] & 2:
            key_tag = raw[3] << 8 | raw[4]
            yield f"{child} DS {key_tag} 13 2 {hashlib.sha256(raw).hexdigest()}\n"


def small_zone(zone, number):
    low, high = number & 0xFF, number >> 8 & 0xFF
    return HEAD.format(zone=zone) + (
        f"@ A 198.18.{high}.{low}\n@ MX 10 mail\nmail A 198.18.{low}.{high}\n"
        f"www A 198.18.{high}.{low}\nwww AAAA 2001:db8:{high:x}::{low:x}\n")


def zone_names(data_set, seed):
    if data_set.kind == "zones":
        return [f"{label(seed, number)}.example" for number in range(data_set.size)]
    return ["tld"] if data_set.kind == "referrals" else ["big.example"]


def write_zones(data_set, seed, directory):
    names = zone_names(data_set, seed)
    if data_set.kind == "zones":
        for number, zone in enumerate(names):
            (directory / f"{zone}.zone").write_text(small_zone(zone, number))
        return
    lines = referral_lines if data_set.kind == "referrals" else name_lines
    with open(directory / f"{names[0]}.zone", "w") as file:
        file.write(HEAD.format(zone=names[0]))
        file.writelines(lines(seed, data_set.size))
    if data_set.signed:
        sign(directory, names[0], data_set.signed)


def sign(directory, zone, chain):
    """Signs in place with ECDSA P-256 by Knot's offline signer."""
    work = directory.parent / "signer"
    work.mkdir()
    configuration = work / "knot.conf"
    # NSEC3 without salt or extra rounds: RFC 9276.
    configuration.write_text(f"""server:
    rundir: {work}
database:
    storage: {work}
policy:
  - id: bench
    algorithm: ecdsap256sha256
    single-type-signing: on
    nsec3: {'on' if chain.startswith('nsec3') else 'off'}
    nsec3-iterations: 0
    nsec3-salt-length: 0
    nsec3-opt-out: {'on' if chain == 'nsec3-opt-out' else 'off'}
    rrsig-lifetime: 365d
    rrsig-refresh: 30d
    propagation-delay: 1h
    rrsig-pre-refresh: 1h
zone:
  - domain: {zone}
    storage: {directory}
    file: {zone}.zone
    dnssec-policy: bench
""")
    # kzonesign writes `ZONE.zone` into the folder that it is given.
    output = work / "out"
    output.mkdir()
    subprocess.run(["kzonesign", "-c", configuration, "-o", output, f"{zone}."], check=True,
                   capture_output=True)
    signed = next(output.iterdir())
    shutil.move(signed, directory / f"{zone}.zone")
    shutil.rmtree(work)


def count_records(directory):
    """Lines of records; what memory is divided by. Signed zones come one record a line."""
    total = 0
    for path in directory.iterdir():
        with open(path) as file:
            total += sum(1 for line in file if line.strip() and line[0] not in "$;")
    return total


def prepare(data_set, seed, root):
    """The folder of this set, made unless an earlier run finished making it."""
    folder = root / f"{data_set.name}-{data_set.size}-{seed}"
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "zones").mkdir(parents=True)
    (folder / "chain").write_text(data_set.signed)
    write_zones(data_set, seed, folder / "zones")
    (folder / "complete").write_text(f"{count_records(folder / 'zones')}\n")
    return folder


def chain(folder):
    """How the zones are signed: "nsec", "nsec3", "nsec3-opt-out", or "" for not at all."""
    return (folder / "chain").read_text()


def records(folder):
    return int((folder / "complete").read_text())
