"""The workloads: which data, asked how, over what; and the questions of each."""

import dataclasses
import itertools
import os
import random

from measure import data

COUNT = 500_000  # Questions in a file; the load goes through it in order, again and again.
ZIPF_EXPONENT = 1.0

NAMES = data.DataSet("names", "names", 100_000)
MILLION = data.DataSet("million", "names", 1_000_000)
ZONES = data.DataSet("zones", "zones", 100_000)
TLD = data.DataSet("tld", "referrals", 100_000, "nsec3-opt-out")
NSEC = data.DataSet("nsec", "names", 100_000, "nsec")
NSEC3 = data.DataSet("nsec3", "names", 100_000, "nsec3")


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    data_set: data.DataSet
    draw: str = "uniform"        # "uniform", "zipf", "half-missing", "missing"
    transport: str = "udp"       # "udp", "tcp-connect", "tcp-pipelined", "latency", "dot"
    dnssec: bool = False         # Sets DO.
    missing: float = 0.0         # The share that must come back as NXDOMAIN.

    @property
    def questions(self):
        """Workloads over one data set that draw alike share a file."""
        return f"{self.draw}-do" if self.dnssec else self.draw


WORKLOADS = (
    Workload("names-100k", "100,000 names, uniform", NAMES),
    Workload("names-1m", "a million names, uniform", MILLION),
    Workload("names-1m-zipf", "a million names, Zipf", MILLION, "zipf"),
    Workload("zones-100k", "100,000 small zones", ZONES),
    Workload("tld", "referrals with DO, NSEC3 opt-out", TLD, dnssec=True),
    Workload("nsec", "signed, NSEC, with DO", NSEC, dnssec=True),
    Workload("nsec3", "signed, NSEC3, with DO", NSEC3, dnssec=True),
    Workload("nxdomain", "half NXDOMAIN, random names", NAMES, "half-missing", missing=0.5),
    Workload("nxdomain-all", "NXDOMAIN flood, random names", NAMES, "missing", missing=1.0),
    Workload("nxdomain-nsec3", "half NXDOMAIN, NSEC3, with DO", NSEC3, "half-missing",
             dnssec=True, missing=0.5),
    Workload("tcp-connect", "TCP, a connection each", NAMES, transport="tcp-connect"),
    Workload("tcp-pipelined", "TCP, pipelined", NAMES, transport="tcp-pipelined"),
    Workload("latency", "latency at a fixed rate", NAMES, transport="latency"),
    Workload("dot", "DNS over TLS", NAMES, transport="dot"),
)


def numbers(workload, draw):
    """An endless draw of names by number."""
    size = workload.data_set.size
    if workload.draw != "zipf":
        return (draw.randrange(size) for _ in itertools.count())
    weights = list(itertools.accumulate(1 / (rank + 1) ** ZIPF_EXPONENT for rank in range(size)))
    # Names are digests of their number, so rank says nothing of the place in the zone.
    return iter(draw.choices(range(size), cum_weights=weights, k=COUNT))


def question(workload, seed, draw, number):
    kind = workload.data_set.kind
    if kind == "referrals":
        return f"www.{data.label(seed, number)}.tld A\n"
    if kind == "zones":
        owner = draw.choice(("", "www.", "www.", "mail."))
        return f"{owner}{data.label(seed, number)}.example A\n"
    rr_type = draw.choice(data.types(seed, number))
    return f"{data.name(seed, number)}.big.example {rr_type}\n"


def missing_question(draw):
    return f"{draw.getrandbits(60):x}.big.example A\n"


def lines(workload, seed, draw):
    share = {"half-missing": 0.5, "missing": 1.0}.get(workload.draw, 0.0)
    for number in numbers(workload, draw):
        if share and draw.random() < share:
            yield missing_question(draw)
        else:
            yield question(workload, seed, draw, number)


def prepare_questions(workload, seed, folder):
    """Questions as dnsperf reads them (kxdpgun wants a letter more for DO)."""
    path = folder / f"{workload.questions}.txt"
    if not path.exists():
        draw = random.Random(f"{seed}/{workload.name}")
        drawn = lines(workload, seed, draw)
        partial = path.with_suffix(".partial")
        with open(partial, "w") as file:
            file.writelines(itertools.islice(drawn, COUNT))
        os.replace(partial, path)
    return path
