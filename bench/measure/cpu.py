"""CPU time: what a tree of processes used, and what everyone else used on the two cores.

The scheduler's own clock of a process is read: nanoseconds, where /proc/PID/stat has ticks. On
kernels without CONFIG_IRQ_TIME_ACCOUNTING that clock also runs while a soft interrupt borrows the
thread: sending a response then includes the receiving half of the veth pair. On kernels with it,
soft interrupts are in nobody's time.
"""

import contextlib
import dataclasses
import gzip
import os
import pathlib
import time

SCHEDULER_CLOCK = 2  # How a process's clock is named: clock_getcpuclockid(3).
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def children(pid):
    """The process and everything below it, as far as it still lives."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for task in pathlib.Path(f"/proc/{current}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                waiting.extend(int(child) for child in task.read_text().split())
    return found


def process_seconds(pid):
    """Of all its threads, those that have ended too: PowerDNS makes one for each connection."""
    try:
        return time.clock_gettime(~pid << 3 | SCHEDULER_CLOCK)
    except OSError:
        return 0.0


def tree_seconds(pids):
    return sum(process_seconds(each) for pid in pids for each in children(pid))


def kernel_thread(name):
    for stat in pathlib.Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if stat.read_text().strip() == name:
                return int(stat.parent.name)
    return None


def process_memory(pid):
    """PSS: a page that several processes share is split among them."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def memory_bytes(pid):
    return sum(map(process_memory, children(pid)))


def soft_interrupts_are_apart():
    """Whether this kernel keeps soft interrupts out of the time of threads; None if not known."""
    for path in ("/proc/config.gz", f"/boot/config-{os.uname().release}"):
        with contextlib.suppress(OSError):
            text = gzip.open(path, "rt").read() if path.endswith("gz") else open(path).read()
            return "CONFIG_IRQ_TIME_ACCOUNTING=y" in text
    return None


def core_seconds(core, with_soft_interrupts):
    """(busy, stolen by the hypervisor) of one core since boot."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        fields = line.split()
        if fields[0] == f"cpu{core}":
            user, nice, system, _, _, irq, soft, steal = map(int, fields[1:9])
            busy = user + nice + system + (irq + soft if with_soft_interrupts else 0)
            return busy / TICKS_PER_SECOND, steal / TICKS_PER_SECOND
    raise LookupError(f"no core {core} in /proc/stat")


@dataclasses.dataclass
class Span:
    """What happened between start and end, in seconds."""
    wall: float
    server: float
    foreign_server_core: float
    foreign_load_core: float
    server_core_busy: float


class Meter:
    """Measures one run. The load has ended when stop() is called, so its time is handed in."""

    def __init__(self, server_core, load_core, server_pids):
        self._cores = (server_core, load_core)
        self._pids = server_pids
        self._apart = soft_interrupts_are_apart() is True
        self._soft = [kernel_thread(f"ksoftirqd/{core}") for core in self._cores]
        self._before = self._read()

    def _read(self):
        soft = [process_seconds(pid) if pid else 0.0 for pid in self._soft]
        cores = [core_seconds(core, not self._apart) for core in self._cores]
        return time.monotonic(), tree_seconds(self._pids), soft, cores

    def stop(self, load_seconds):
        after, before = self._read(), self._before
        wall, server = after[0] - before[0], after[1] - before[1]
        ours = (server, load_seconds)
        foreign, busy = [], []
        for i in range(2):
            soft = after[2][i] - before[2][i]
            used = after[3][i][0] - before[3][i][0]
            stolen = after[3][i][1] - before[3][i][1]
            busy.append(used + stolen)
            foreign.append(max(0.0, used + stolen - soft - ours[i]))
        return Span(wall, server, foreign[0], foreign[1], busy[0])
