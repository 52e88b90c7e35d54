"""Workers that answer what their cores receive: who asks on a core is answered there.

On a veth pair the sender's core runs the receiver's interrupt, so a client that stays on a core decides
where its queries come in. Needs root, and two cores.
"""

import contextlib
import multiprocessing
import os
import re
import socket
import subprocess
import time
import urllib.request

import dns.message
import dns.query
import pytest

import wire
from server import binary, wait_until

CORES = sorted(os.sched_getaffinity(0))
pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
              pytest.mark.skipif(len(CORES) < 2, reason="needs two cores")]
LIMIT = 10
LONG = 60  # Until a busy server has seen where its traffic comes in.
QUESTIONS = 20  # Each from a new port: a hash would send none of them astray once in a million.
ZONE = "$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"


@contextlib.contextmanager
def serving(folder, threads, by_core="by_core = true"):
    """A server at the far end of a wire; its end of the wire, and its log until it served."""
    (folder / "zones").mkdir()
    (folder / "zones/core.test.zone").write_text(ZONE)
    link = wire.Wire()
    settings = folder / "settings.toml"
    settings.write_text(f'[serve]\n{by_core}\n[metrics]\nlisten = "{link.host}:9153"\n')
    with contextlib.ExitStack() as stack:
        stack.callback(link.close)
        link.open()
        process = stack.enter_context(subprocess.Popen(
            link.inside(binary(), "--zones", folder / "zones", "--listen", f"{link.host}:53",
                        "--settings", settings, "--threads", threads, "--user", "root"),
            stderr=subprocess.PIPE, text=True))
        stack.callback(process.kill)
        log = []
        for line in process.stderr:
            log.append(line)
            if re.search(r"\bserving\b", line):
                break
        yield link, "".join(log)


def ask_on(core, host):
    """Over UDP and over TCP, by turns."""
    os.sched_setaffinity(0, {core})
    try:
        for number in range(QUESTIONS):
            query = dns.message.make_query("core.test", "SOA")
            over = dns.query.tcp if number % 2 else dns.query.udp
            assert over(query, host, timeout=LIMIT).answer
    finally:
        os.sched_setaffinity(0, CORES)


def metrics(host):
    with urllib.request.urlopen(f"http://{host}:9153/metrics", timeout=LIMIT) as told:
        return told.read().decode()


def answers(host):
    """Of each worker so far."""
    found = re.findall(r'^nearcast_worker_answers_total\{worker="(\d+)"\} (\d+)$', metrics(host), re.M)
    return [int(count) for _, count in sorted(found, key=lambda each: int(each[0]))]


def answers_at_rest(host):
    """Once all that waits is answered."""
    before, now = None, answers(host)
    while before != now:
        time.sleep(0.2)
        before, now = now, answers(host)
    return now


def is_by_core(host):
    return re.search(r"^nearcast_workers_by_core (\d)$", metrics(host), re.M)[1] == "1"


def keep_asking(core, host):
    os.sched_setaffinity(0, {core})
    question = dns.message.make_query("core.test", "SOA").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((host, 53))
        while True:
            for _ in range(20):
                client.send(question)
            time.sleep(0.001)


@contextlib.contextmanager
def load_on(cores, host):
    """Thousands of queries a second, whose answers nobody reads."""
    loads = [multiprocessing.Process(target=keep_asking, args=(core, host), daemon=True) for core in cores]
    try:
        for load in loads:
            load.start()
        yield
    finally:
        for load in loads:
            load.kill()
            load.join()


def wait_for_busy_seconds(host, wanted):
    """In each of which there was more than enough to see: 4,000 messages for each of two workers."""
    end, seconds = time.monotonic() + LONG, 0
    while seconds < wanted:
        assert time.monotonic() < end, "the load is too low"
        before, started = sum(answers(host)), time.monotonic()
        time.sleep(1)
        rate = (sum(answers(host)) - before) / (time.monotonic() - started)
        seconds += rate > 8000


def wait_until_by_core(host, wanted):
    what = f"going {'by core' if wanted else 'by the hash'}"
    wait_until(lambda: is_by_core(host) == wanted, what, LONG)


def test_what_a_core_receives_its_own_worker_answers(tmp_path):
    with serving(tmp_path, 2) as (link, log):
        assert "by_core_unavailable" not in log
        ask_on(CORES[0], link.host)
        assert answers(link.host) == [QUESTIONS, 0]
        ask_on(CORES[1], link.host)
        assert answers(link.host) == [QUESTIONS, QUESTIONS]


def test_with_more_workers_than_cores_a_hash_spreads_queries(tmp_path):
    with serving(tmp_path, len(CORES) + 1) as (link, log):
        assert "by_core_unavailable" in log and f"threads = {len(CORES)}" in log
        ask_on(CORES[0], link.host)
        assert sum(count > 0 for count in answers(link.host)) > 1


def test_by_itself_it_goes_by_core_while_all_cores_receive(tmp_path):
    with serving(tmp_path, 2, by_core="") as (link, _):
        assert not is_by_core(link.host)
        with load_on(CORES[:2], link.host):
            wait_until_by_core(link.host, True)
        before = answers_at_rest(link.host)
        ask_on(CORES[1], link.host)
        assert answers(link.host) == [before[0], before[1] + QUESTIONS]
        with load_on(CORES[:1], link.host):
            wait_until_by_core(link.host, False)


@pytest.mark.parametrize("threads, setting", [(2, "by_core = false"), (1, ""), (len(CORES) + 1, "")])
def test_it_stays_by_the_hash(tmp_path, threads, setting):
    with serving(tmp_path, threads, setting) as (link, log):
        assert "by_core_unavailable" not in log
        with load_on(CORES[:2], link.host):
            wait_for_busy_seconds(link.host, 5)  # Ten times as long as it takes to go by core.
        assert not is_by_core(link.host)
