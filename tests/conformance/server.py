"""A nearcastd of our own, on a free port of the loopback, for as long as a test needs it.

With NEARCAST_FRONT=af_xdp it stands in a network of its own and is asked by AF_XDP: see wire.py.
"""

import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time

import wire

START_LIMIT = 60  # Seconds; generous, for sanitizers on a busy machine.
# Below those that the kernel gives to clients: a server that starts again finds its own still free.
PORTS = range(10240, 32768)


def binary():
    """The program under test: $NEARCASTD, or that of the dev preset."""
    root = pathlib.Path(__file__).resolve().parents[2]
    return os.environ.get("NEARCASTD", str(root / "build/dev/bin/nearcastd"))


def nearcast():
    """The operator's command, of the same build: $NEARCAST, or beside the server."""
    return os.environ.get("NEARCAST", str(pathlib.Path(binary()).parent / "nearcast"))


def wait_until(condition, what="what the test waits for", seconds=START_LIMIT):
    """Asks until it is so; the outcome of the condition."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in {seconds} s")


def free_port():
    """A port that is free for UDP and TCP on both loopback addresses."""
    while True:
        port = random.choice(PORTS)
        try:
            for family, host in ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(family, kind) as one:
                        one.bind((host, port))
            return port
        except OSError:
            continue


class Server:
    """Starts on entry, is stopped in an orderly way on exit, which must succeed."""

    def __init__(self, zones, *options, port=None, threads=1, environment=None, user="root"):
        self.zones = pathlib.Path(zones)
        self.wire = wire.Wire() if wire.is_wanted() else None
        self.port = 53 if self.wire else port or free_port()
        self.host = self.wire.host if self.wire else "127.0.0.1"
        self.host6 = self.wire.host6 if self.wire else "::1"
        self.log = []  # All that it said so far.
        self._status_wanted = 0
        self._passed = 0  # Lines of the log that wait_for_event has looked at.
        self._news = threading.Condition()
        self._has_ended = False
        # Root's own folder for tests is closed to everyone else.
        self._options = [*(("--user", user) if user else ()), *map(str, options)]
        self._threads = threads
        self._environment = os.environ | (environment or {})

    def __enter__(self):
        command = [binary(), "--zones", self.zones, "--threads", str(self._threads),
                   "--listen", f"{self.host}:{self.port}", "--listen", f"[{self.host6}]:{self.port}",
                   *self._options]
        if self.wire:
            self.wire.open()
            command = self.wire.inside(*command, "--xdp", self.wire.device)
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=self._environment)
        self._collector = threading.Thread(target=self._collect, daemon=True)
        self._collector.start()
        if self.wire:
            self.wait_for_event("xdp_serving")
        self.wait_for_event("serving")
        self._passed = 0  # What comes from elsewhere may have come before.
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(START_LIMIT)
        by_sockets = self._leave_wire()
        if kind is None:
            assert by_sockets == 0, "queries that should have come by AF_XDP"
            assert status == self._status_wanted, self._told(f"ended with {status}")
        else:
            print(self._told(f"ended with {status}"))  # What failed may be its end, or show why.

    def _leave_wire(self):
        """How many datagrams came to its UDP sockets that were not in fragments: none should."""
        if not self.wire:
            return 0
        try:
            return self.wire.udp_datagrams() - self.wire.reassembled()
        finally:
            self.wire.close()

    def kill(self):
        """As a power cut ends it. It must have lived till then."""
        assert self.process.poll() is None, self._told("had ended")
        self.process.kill()
        self._status_wanted = self.process.wait()
        assert self._status_wanted == -signal.SIGKILL, self._told("was no longer alive")

    def _collect(self):
        for line in self.process.stderr:
            with self._news:
                self.log.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()

    def _told(self, what):
        """What happened, and all that it said: a sanitizer's report comes at the very end."""
        self._collector.join(START_LIMIT)
        return f"nearcastd {what}:\n" + "\n".join(self.log)

    def wait_for_event(self, event):
        """The next log line with this event; fails if the server ends before it."""
        while (line := self._next_line()) is not None:
            if re.search(rf"(^|\s){event}(\s|$)", line):
                return line
        if not self._has_ended:
            self.process.kill()
        raise AssertionError(self._told(f"said no {event}"))

    def _next_line(self):
        """None when the server ended, or said nothing for long."""
        with self._news:
            self._news.wait_for(lambda: self._passed < len(self.log) or self._has_ended,
                                START_LIMIT)
            if self._passed == len(self.log):
                return None
            self._passed += 1
            return self.log[self._passed - 1]

    def reload(self):
        """Sends SIGHUP and waits for the outcome's log line."""
        self._passed = len(self.log)
        self.process.send_signal(signal.SIGHUP)
        return self.wait_for_event("zones_loaded|reload_failed")

    def memory_kib(self):
        """What the process took for itself. Pages of files are not in it: how many of these it has,
        and what its share of them is, depends on who else runs."""
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Anonymous:\s+(\d+)", text, re.MULTILINE)[1])
