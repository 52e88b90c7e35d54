"""The load: kxdpgun for UDP and for a connection a query, dnsperf for pipelined TCP and TLS,
bench_ask for latency. All pinned to one core, in the load's half of a Pair."""

import dataclasses
import json
import os
import re
import resource
import subprocess

from measure import network

# More than any server on one core can answer: the load's own core is the limit.
RATE_MAX = 2_000_000
TCP_RATE = 60_000
PIPELINE_CONNECTIONS = 20
PIPELINE_DEPTH = 400  # Unanswered queries over all connections.
PATIENCE_SECONDS = 30


class LoadError(Exception):
    pass


@dataclasses.dataclass
class Load:
    """What one run of a load saw."""
    sent: int
    answered: int
    seconds: float
    noerror: int
    nxdomain: int
    reply_size: float = 0.0
    p50_us: int = 0
    p99_us: int = 0
    late: float = 0.0  # By what share of its time the load fell behind its rate.
    cpu_seconds: float = 0.0

    def missing_share(self):
        return self.nxdomain / self.answered if self.answered else 0.0

    def good_share(self):
        return (self.noerror + self.nxdomain) / self.answered if self.answered else 0.0


def run_pinned(command, core, seconds):
    """The output of a program that ends by itself after about so many seconds."""
    process = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate(timeout=seconds + PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise LoadError(f"{command[4]} did not end") from None
    return output


def number(pattern, text, default=0.0):
    found = re.search(pattern, text)
    return float(found.group(1)) if found else default


def for_kxdpgun(questions):
    """kxdpgun reads DO from a third column, where dnsperf takes a flag."""
    path = questions.with_suffix(".kxdpgun")
    if not path.exists():
        partial = path.with_suffix(".partial")
        with open(questions) as source, open(partial, "w") as target:
            target.writelines(f"{line.rstrip()} D\n" for line in source)
        os.replace(partial, path)
    return path


def kxdpgun(pair, core, workload, questions, seconds, rate=RATE_MAX):
    """AF_XDP on the load's own interface: cheap enough to keep any server busy."""
    file = for_kxdpgun(questions) if workload.dnssec else questions
    tcp = ["-T"] if workload.transport == "tcp-connect" else []
    text = run_pinned(pair.in_load("kxdpgun", *tcp, "-F", core, "-t", seconds, "-Q", rate,
                                   "-i", file, network.SERVER_ADDRESS), core, seconds)
    answered = int(number(r"total replies: +(\d+)", text))
    # The load's process also reads its file; what it says is how long it sent.
    return Load(sent=int(number(r"total (?:queries|packets sent|SYN sent)[^:]*: +(\d+)", text)),
                answered=answered, seconds=number(r"duration: ([\d.]+) s", text, seconds),
                noerror=int(number(r"responded NOERROR: +(\d+)", text)),
                nxdomain=int(number(r"responded NXDOMAIN: +(\d+)", text)),
                reply_size=number(r"average DNS reply size: (\d+)", text))


def dnsperf(pair, core, workload, questions, seconds):
    options = ["-D"] if workload.dnssec else []
    mode = "dot" if workload.transport == "dot" else "tcp"
    text = run_pinned(pair.in_load("dnsperf", "-m", mode, "-s", network.SERVER_ADDRESS,
                                   "-d", questions, "-l", seconds, "-T", 1,
                                   "-c", PIPELINE_CONNECTIONS, "-q", PIPELINE_DEPTH, *options),
                      core, seconds)
    return Load(sent=int(number(r"Queries sent: +(\d+)", text)),
                answered=int(number(r"Queries completed: +(\d+)", text)),
                seconds=number(r"Run time \(s\): +([\d.]+)", text, seconds),
                noerror=int(number(r"NOERROR (\d+)", text)),
                nxdomain=int(number(r"NXDOMAIN (\d+)", text)),
                reply_size=number(r"response (\d+)", text))


def latency(pair, core, workload, questions, seconds, rate, programs):
    count = max(1000, int(rate * seconds))
    text = run_pinned(pair.in_load(programs / "bench_ask", network.SERVER_ADDRESS, 53, questions,
                                   "--rate", rate, "--count", count), core, seconds)
    try:
        seen = json.loads(text)
    except ValueError:
        raise LoadError(f"bench_ask: {text.strip()}") from None
    return Load(seen["sent"], seen["answered"], seen["sending"], seen["noerror"],
                seen["nxdomain"], seen["bytes"] / max(1, seen["answered"]), seen["p50_us"],
                seen["p99_us"], seen["sending"] * rate / count - 1)


def cpu_of_children():
    """CPU seconds of every child that was waited for until now."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(pair, core, workload, questions, seconds, rate, programs):
    """One run of the load that fits the workload."""
    before = cpu_of_children()
    if workload.transport in ("tcp-pipelined", "dot"):
        seen = dnsperf(pair, core, workload, questions, seconds)
    elif workload.transport == "latency":
        seen = latency(pair, core, workload, questions, seconds, rate, programs)
    elif workload.transport == "tcp-connect":
        seen = kxdpgun(pair, core, workload, questions, seconds, TCP_RATE)
    else:
        seen = kxdpgun(pair, core, workload, questions, seconds)
    seen.cpu_seconds = cpu_of_children() - before
    if seen.answered == 0:
        raise LoadError("nothing was answered")
    return seen


def first_answer(pair, question_file, programs, seconds):
    """A running asker that ends when the server answers; see finish_first_answer()."""
    return subprocess.Popen(
        list(map(str, pair.in_load(programs / "bench_ask", network.SERVER_ADDRESS, 53,
                                   question_file, "--until", seconds))),
        stdout=subprocess.PIPE, text=True)


def finish_first_answer(process, started):
    """Seconds from `started` (time.monotonic()) to the first good answer, or None."""
    output, _ = process.communicate()
    return json.loads(output)["answered_at"] - started if process.returncode == 0 else None

