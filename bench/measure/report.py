"""What a session found: rows for the terminal and for the JSON file."""

import dataclasses
import json
import os
import pathlib
import platform
import subprocess

from measure import rounds, servers

KINDS = {server.name: server for server in servers.ALL}
CEILING = {"sockets": "echo", "af_xdp": "echo-xdp", "kernel": "turn-round"}


@dataclasses.dataclass
class Row:
    server: str
    title: str
    kind: str
    path: str
    kept: int
    tried: int
    fault: str
    answered_rate: rounds.Spread = None
    core_rate: rounds.Spread = None
    nanoseconds: rounds.Spread = None
    core_busy: float = 0.0
    p50_us: rounds.Spread = None
    p99_us: rounds.Spread = None
    to_best_peer: rounds.Spread = None
    to_ceiling: rounds.Spread = None


def value_of(workload):
    """Higher is better: rate of a full core; for latency the inverse of the 99th percentile."""
    if workload.transport == "latency":
        return lambda run: 1 / max(1, run.load["p99_us"])
    return lambda run: run.core_rate


def best_peer(runs, workload, path):
    value = value_of(workload)
    medians = {}
    for name, server in KINDS.items():
        kept = [value(run) for run in runs if run.server == name and not run.fault]
        if kept and server.kind == "peer" and server.path == path:
            medians[name] = rounds.spread(kept).median
    return max(medians, key=medians.get) if medians else None


def row(runs, workload, name):
    kind = KINDS[name]
    mine = [run for run in runs if run.server == name]
    kept = [run for run in mine if not run.fault]
    faults = sorted({run.fault for run in mine if run.fault})
    made = Row(name, kind.title, kind.kind, kind.path, len(kept), len(mine),
               faults[0] if faults else "")
    if not kept:
        return made
    made.answered_rate = rounds.spread([run.answered_rate for run in kept])
    made.core_rate = rounds.spread([run.core_rate for run in kept])
    made.nanoseconds = rounds.spread([run.nanoseconds for run in kept])
    made.core_busy = rounds.spread([run.core_busy for run in kept]).median
    if workload.transport == "latency":
        made.p50_us = rounds.spread([run.load["p50_us"] for run in kept])
        made.p99_us = rounds.spread([run.load["p99_us"] for run in kept])
    peer, value = best_peer(runs, workload, kind.path), value_of(workload)
    if peer and kind.kind != "ceiling":
        made.to_best_peer = rounds.ratios(runs, name, peer, value)
    made.to_ceiling = rounds.ratios(runs, name, CEILING[kind.path], value)
    return made


def rows(runs, workload):
    """Best first within each path."""
    names = dict.fromkeys(run.server for run in runs)
    made = [row(runs, workload, name) for name in names]
    return sorted(made, key=lambda each: (
        servers.Server.path != each.path, each.path,
        -each.core_rate.median if each.core_rate else 0))


def ratio_text(spread):
    return f"{spread.median:.2f} ({spread.low:.2f}-{spread.high:.2f})" if spread else "-"


def thousands(value):
    return f"{value:,.0f}"


def table(workload, made):
    latency = workload.transport == "latency"
    head = ("server", "answered/s", "of a full core/s", "CPU ns/query", "spread",
            "p99 us" if latency else "core", "to best peer", "to ceiling", "runs")
    lines = [head]
    for each in made:
        if each.core_rate is None:
            lines.append((each.title, each.fault or "no run counted", "", "", "", "", "", "",
                          f"{each.kept}/{each.tried}"))
            continue
        time = each.nanoseconds
        lines.append((each.title, thousands(each.answered_rate.median),
                      thousands(each.core_rate.median), thousands(time.median),
                      f"{thousands(time.low)}-{thousands(time.high)}",
                      thousands(each.p99_us.median) if latency else f"{each.core_busy:.0%}",
                      ratio_text(each.to_best_peer), ratio_text(each.to_ceiling),
                      f"{each.kept}/{each.tried}"))
    full = [line for line in lines if line[2]]
    widths = [max(len(line[i]) for line in full) for i in range(len(head))]
    text = [f"\n{workload.name}: {workload.title}"]
    for line in lines:
        if line[2]:
            cells = [line[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
            text.append("  " + "  ".join(cells))
        else:
            text.append(f"  {line[0].ljust(widths[0])}  {line[1]}  {line[8]}")
    return "\n".join(text)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), platform.machine())
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "versions": versions()}


def versions():
    packages = ["knot", "nsd", "bind9", "pdns-server", "gdnsd", "dnsperf"]
    asked = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages]
    done = subprocess.run(asked, capture_output=True, text=True)
    return dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)


def revision(root):
    done = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"],
                          capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def write(path, session, found):
    """The machine-readable file: settings, machine, each run, each row."""
    body = dict(session, machine=machine(), workloads=[
        {"name": workload.name, "title": workload.title,
         "data_set": dataclasses.asdict(workload.data_set),
         "rows": [dataclasses.asdict(each) for each in made],
         "runs": [dataclasses.asdict(run) for run in runs]}
        for workload, runs, made in found])
    text = json.dumps(body, indent=1, default=str).replace("Infinity", "null")
    pathlib.Path(path).write_text(text + "\n")
