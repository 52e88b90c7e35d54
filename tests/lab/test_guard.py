"""What must not silence a PoP, or all of them at once; and what must."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

from server import wait_until

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207


def servers(pop):
    """The server processes of a PoP; the guards are left out."""
    pids = subprocess.check_output(["ip", "netns", "pids", f"nclab-{pop}"], text=True).split()
    return [int(pid) for pid in pids
            if b"--role\0server" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]


def kill_server(pop):
    for pid in servers(pop):
        os.kill(pid, signal.SIGKILL)


def all_answered(lab):
    return None not in lab.catchment().values()


def test_a_stuck_worker_loses_its_users(lab):
    libc = ctypes.CDLL(None, use_errno=True)
    server = servers("gru")[0]
    workers = [int(task.name) for task in pathlib.Path(f"/proc/{server}/task").iterdir()
               if (task / "comm").read_text() == "nearcast-worker\n"]
    for worker in workers:
        assert libc.ptrace(PTRACE_SEIZE, worker, None, None) == 0
        assert libc.ptrace(PTRACE_INTERRUPT, worker, None, None) == 0
    wait_until(lambda: server not in servers("gru"), "the end of the server", 10)
    wait_until(lambda: all_answered(lab), "an answer in every city", 10)


def test_a_flapping_node_comes_back_as_a_last_resort(lab):
    for _ in range(3):
        kill_server("sin")
        wait_until(lambda: lab.state("sin") != "announced")
        wait_until(lambda: lab.state("sin") == "last resort")
    assert lab.catchment()["tokyo"] not in (None, "sin")


def test_a_crash_loop_everywhere_ends_by_itself(lab):
    pops = [pop["pop"] for pop in lab.pops()]
    for _ in range(3):
        for pop in pops:
            kill_server(pop)
        time.sleep(0.3)
    wait_until(lambda: all_answered(lab))


def test_a_flood_everywhere_withdraws_nobody(lab, tmp_path):
    questions = tmp_path / "questions"
    questions.write_text("www.example.org A\nnothing.example.org A\n")
    floods = [subprocess.Popen(["ip", "netns", "exec", f"nclab-{pop['pop']}", "dnsperf",
                                "-s", "192.0.2.53", "-d", questions, "-l", "4", "-c", "4",
                                # All places and routers share this machine: more, and routers that get no
                                # processor for 300 ms lose each other by BFD.
                                "-Q", "10000"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
              for pop in lab.pops()]
    while any(flood.poll() is None for flood in floods):
        states = {pop["pop"]: pop["state"] for pop in lab.pops()}
        assert set(states.values()) <= {"announced", "last resort"}, states
    assert all_answered(lab)
