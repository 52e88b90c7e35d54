"""Interleaved rounds over all servers, and what of them counts."""

import dataclasses
import statistics

from measure import cpu, load

FOREIGN_PERCENT = 5
RATE_SHARE = 0.5          # Of the best peer's rate: half load, for latency.
LATENCY_RATE = 20_000     # Where the peers' rate is not known.
LATENCY_RATE_MAX = 40_000  # What one core of load can time without delaying itself.
GOOD_SHARE_MIN = 0.99
REPLY_SIZE_MIN = 0.7      # Of the others' median: smaller lacks glue, signatures or proofs.
LATE_SHARE_MAX = 0.02     # A load that falls behind its rate asks an easier question.
MISSING_SHARE_TOLERANCE = 0.05


@dataclasses.dataclass
class Run:
    """One server under one workload, once."""
    server: str
    workload: str
    round: int
    answered_rate: float      # Queries answered in a second, as it was.
    nanoseconds: float        # CPU time of the server for one answered query.
    core_busy: float          # Share of its core that the server used.
    foreign_server_core: float
    foreign_load_core: float
    load: dict
    fault: str = ""           # Why it does not count.

    @property
    def core_rate(self):
        """Queries answered in a second of the server's own CPU time: one full core."""
        return 1e9 / self.nanoseconds


def rule(percent):
    return (f"a run counts if others used at most {percent:g} % of either core while it went, "
            f"{GOOD_SHARE_MIN:.0%} of its answers were the expected ones, no smaller than "
            "others', and the load kept its rate; runs that do not count are made up for by at "
            "most as many extra rounds")


def judge(run, seen, workload, percent):
    """The fault of a run, by the rule above."""
    if workload is not None and seen.good_share() < GOOD_SHARE_MIN:
        return f"wrong answers: only {seen.good_share():.0%} NOERROR or NXDOMAIN"
    if workload is not None and abs(seen.missing_share() - workload.missing) > \
            MISSING_SHARE_TOLERANCE:
        return f"wrong answers: {seen.missing_share():.0%} NXDOMAIN"
    if workload is not None and workload.transport == "latency":
        if seen.late > LATE_SHARE_MAX:
            return f"the load was {seen.late:.0%} behind its rate"
        if seen.answered < GOOD_SHARE_MIN * seen.sent:
            return f"unanswered at this rate: {1 - seen.answered / seen.sent:.0%}"
    foreign = max(run.foreign_server_core, run.foreign_load_core)
    if foreign * 100 > percent:
        return f"others used {foreign:.0%} of a core"
    return ""


def measure(server, workload, questions, number, settings, rate):
    """One run. Never raises for what a server or a load did: that becomes its fault."""
    meter = cpu.Meter(server.core, settings.load_core, server.pids())
    try:
        seen = load.run(server.pair, settings.load_core, workload, questions, settings.seconds,
                        rate, settings.programs)
    except load.LoadError as error:
        return Run(server.name, workload.name, number, 0, float("inf"), 0, 0, 0, {}, str(error))
    span = meter.stop(seen.cpu_seconds)
    run = Run(server.name, workload.name, number,
              answered_rate=seen.answered / seen.seconds,
              nanoseconds=span.server / seen.answered * 1e9,
              core_busy=min(1.0, span.server / seen.seconds),
              foreign_server_core=span.foreign_server_core / span.wall,
              foreign_load_core=span.foreign_load_core / span.wall,
              load=dataclasses.asdict(seen))
    expected = None if server.kind == "ceiling" else workload
    run.fault = judge(run, seen, expected, settings.foreign_percent)
    return run


def latency_rate(runs):
    """Half of what the best peer can do, if this session has measured it."""
    best = max((run.core_rate for run in runs if run.workload == "names-100k" and not run.fault
                and run.server in ("gdnsd", "knot", "nsd", "bind", "pdns")), default=0)
    return int(min(LATENCY_RATE_MAX, best * RATE_SHARE)) or LATENCY_RATE


def find_short_replies(runs, servers):
    """Who answers with much less than the others answers something else, and faster."""
    real = {server.name for server in servers if server.kind != "ceiling"}
    judged = [run for run in runs if run.server in real and run.load]
    if not judged:
        return
    usual = statistics.median(run.load["reply_size"] for run in judged)
    for run in judged:
        if run.load["reply_size"] < REPLY_SIZE_MIN * usual:
            run.fault = (f"wrong answers: {run.load['reply_size']:.0f} bytes on average, "
                         f"others {usual:.0f}")


def interleave(servers, workload, questions, settings, progress, rate):
    """All runs of one workload. Each round asks every server once, in an order of its own."""
    runs = []
    for number in range(2 * settings.rounds):
        kept = [sum(not run.fault for run in runs if run.server == server.name)
                for server in servers]
        if number >= settings.rounds and min(kept) >= settings.rounds:
            break
        order = list(servers)
        settings.draw.shuffle(order)
        for server in order:
            run = measure(server, workload, questions, number, settings, rate)
            runs.append(run)
            progress(run, server)
        find_short_replies(runs, servers)
        if number == 0:  # What cannot answer will not answer in the next round.
            broken = {run.server for run in runs if run.fault.startswith(("wrong", "nothing"))}
            servers = [server for server in servers if server.name not in broken]
            if broken and not any(server.kind != "ceiling" for server in servers):
                break
    return runs


@dataclasses.dataclass
class Spread:
    median: float
    low: float
    high: float


def spread(values):
    return Spread(statistics.median(values), min(values), max(values)) if values else None


def ratios(runs, ours, theirs, value):
    """ours / theirs of the rounds in which both counted."""
    by_round = {run.round: value(run) for run in runs if run.server == theirs and not run.fault}
    return spread([value(run) / by_round[run.round] for run in runs
                   if run.server == ours and not run.fault and by_round.get(run.round)])
