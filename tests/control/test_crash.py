"""Killed in the middle of writes: what was acknowledged is there, and nothing is there by half."""

import http.client
import os
import pathlib
import subprocess
import threading

import peers
from conftest import new_schema
from controller import Controller, replace

ZONES = [f"z{i}.example." for i in range(8)]
WRITES = 1000
THREADS = 16


class Writers:
    """Each writes pairs of sets, which are there together or not at all."""

    def __init__(self, controller):
        self.controller = controller
        self.next = 0
        self.acknowledged = []
        self.lock = threading.Lock()
        self.half_way = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(THREADS)]

    def take(self):
        with self.lock:
            self.next += 1
            return self.next - 1

    def run(self):
        connection = self.controller.connection()
        try:
            while (number := self.take()) < WRITES:
                zone = ZONES[number % len(ZONES)]
                answer = self.controller.patch(
                    replace(f"a{number}.{zone}", "A", "192.0.2.1"),
                    replace(f"b{number}.{zone}", "TXT", f'"{number}"'),
                    zone=zone, connection=connection)
                assert answer.status == 204, answer.body
                with self.lock:
                    self.acknowledged.append((number, int(answer.headers["x-nearcast-change"])))
                    if len(self.acknowledged) > WRITES / 3:
                        self.half_way.set()
        except (OSError, http.client.HTTPException):
            self.half_way.set()


def test_what_was_acknowledged_survives_a_kill(tmp_path, database):
    controller = Controller(tmp_path, database=database)
    with controller:
        for zone in ZONES:
            controller.create(zone)
        writers = Writers(controller)
        for thread in writers.threads:
            thread.start()
        assert writers.half_way.wait(300)
        controller.kill()
        for thread in writers.threads:
            thread.join()
        assert WRITES / 3 < len(writers.acknowledged) < WRITES, "killed in the middle"
        controller.start()
        found = {}
        for zone in ZONES:
            for rrset in controller.ask("GET", f"/zones/{zone}").json["rrsets"]:
                found.setdefault(rrset["name"], set()).add(rrset["type"])
        for number, _ in writers.acknowledged:
            zone = ZONES[number % len(ZONES)]
            assert found[f"a{number}.{zone}"] == {"A"}
            assert found[f"b{number}.{zone}"] == {"TXT"}
        for number in range(WRITES):
            zone = ZONES[number % len(ZONES)]
            assert (f"a{number}.{zone}" in found) == (f"b{number}.{zone}" in found)
        for _, sequence in writers.acknowledged[:50]:
            assert controller.ask("GET", f"/api/v1/changes/{sequence}").status == 200


def restart_postgresql():
    """As after a failure: whatever is under way there is lost."""
    data = os.environ["NEARCAST_POSTGRESQL_DATA"]
    program = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    options = (pathlib.Path(data) / "postmaster.opts").read_text().split('"')
    settings = " ".join(each for each in options if each.startswith(("listen", "unix", "max_")))
    words = [program, "-D", data, "-m", "immediate", "-w", "-l", f"{data}/log"]
    if settings:
        words += ["-o", " ".join(f"-c {each}" for each in settings.split())]
    if os.geteuid() == 0:
        words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words]
    subprocess.run([*map(str, words), "restart"], check=True, capture_output=True, timeout=120,
                   cwd=data)


def test_postgresql_may_be_restarted(tmp_path):
    """Who was told 503 asks again under the same key; each write is there once."""
    with Controller(tmp_path, database=new_schema()) as controller:
        controller.create()
        refused = []
        done = threading.Event()

        def write():
            connection = controller.connection()
            for number in range(300):
                rrset = replace("all.example.com.", "TXT", f'"{number}"', changetype="EXTEND")
                while True:
                    answer = controller.patch(rrset, connection=connection,
                                              headers={"Idempotency-Key": f"k{number}"})
                    if answer.status == 204:
                        break
                    assert answer.status == 503, answer.body
                    refused.append(number)
                if number == 50:
                    done.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert done.wait(120)
        for _ in range(3):
            restart_postgresql()
        writer.join()
        assert refused, "the restarts were not noticed"
        assert controller.rrset("all.example.com.", "TXT") == [f'"{i}"' for i in range(300)]
        assert len(controller.ask("GET", "/api/v1/changes?limit=1000").json) == 301
        verdict = controller.ask("GET", "/api/v1/audit/verdict").json
        assert verdict["broken_at"] is None
        peers.wait_until(lambda: peers.serial_at(controller.port, "example.com") ==
                         controller.ask("GET", "/zones/example.com").json["serial"],
                         "that all of it is published", 60)
