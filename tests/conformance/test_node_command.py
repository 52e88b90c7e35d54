"""`nearcast node`, what the operator of one machine is told, against a guard that says what we want."""

import json
import socket
import subprocess
import threading

import pytest
from server import START_LIMIT, nearcast

NODE = """[node]
name = "sin1"
pop = "sin"
run_directory = "{run}"
[serve]
listen = ["192.0.2.53:53"]
[anycast]
prefixes = ["192.0.2.0/24"]
[routing]
daemon = "none"
"""
STATUS = {
    "node": "sin1", "pop": "sin", "state": "announced", "live": True, "pref": True,
    "drained": False, "stopping": False, "failures": 0, "held_ms": 0, "symptoms": [],
    "routing_read": True, "told_neighbors": 2, "mismatches": [],
    "guard": {"pid": 1, "starts": 1},
    "server": {"pid": 2, "starts": 1, "state": "ready", "queries": 7, "workers": []}}


class Sockets:
    """The control sockets of a node, which answer each command with what stands in `answers`."""

    def __init__(self, folder):
        self.run = folder / "run"
        self.run.mkdir()
        self.config = folder / "node.toml"
        self.config.write_text(NODE.replace("{run}", str(self.run)))
        self.answers = {"status": STATUS, "drain": {"ok": True}}
        for name in ("guard.sock", "server.sock"):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self.run / name))
            listener.listen()
            threading.Thread(target=self._answer, args=(listener,), daemon=True).start()

    def _answer(self, listener):
        while True:
            client, _ = listener.accept()
            with client, client.makefile("rw") as lines:
                command = json.loads(lines.readline())["command"]
                lines.write(json.dumps(self.answers[command.split(" ")[0]]) + "\n")

    def ask(self, verb, *more, status=0):
        done = subprocess.run([nearcast(), "node", verb, "--config", self.config, *more],
                              capture_output=True, text=True, timeout=START_LIMIT)
        assert done.returncode == status, done
        return done.stdout + done.stderr


@pytest.fixture(name="node")
def sockets(tmp_path):
    return Sockets(tmp_path)


def test_the_head_line_is_what_was_read_back(node):
    assert "is announced: neighbours send it their traffic" in node.ask("status")
    down = ["the session with transit-a is down", "the session with transit-b is down"]
    for told, words in ((0, "no neighbour is told of it"), (1, "not as it should be"),
                        (None, "nobody can say")):
        node.answers["status"] = STATUS | {"mismatches": down, "told_neighbors": told}
        head, *rest = node.ask("status", status=1).splitlines()
        assert "to be announced" in head and words in head
        assert "send it their traffic" not in head
        assert f"  routing  MISMATCH: {down[0]}" in rest
        assert json.loads(node.ask("status", "--json", status=1))["told_neighbors"] == told
    node.answers["status"] = STATUS | {"pref": False, "live": False, "told_neighbors": 1,
                                       "mismatches": ["192.0.2.0/24 to a is still announced"]}
    assert "to be withdrawn, and is not" in node.ask("status", status=1)
    node.answers["status"] |= {"told_neighbors": 0, "mismatches": down[:1]}
    head, *rest = node.ask("status", status=1).splitlines()
    assert "is withdrawn: no neighbour is told of it, but see below" in head
    assert f"  routing  MISMATCH: {down[0]}" in rest


def test_a_drain_that_is_not_watched_is_told_in_json_too(node):
    assert json.loads(node.ask("drain", "--no-wait", "--json")) == {"drained": True}
    assert "nearcast node undrain" in node.ask("drain", "--no-wait")


def test_a_slip_elsewhere_in_its_file_keeps_nobody_from_a_node_that_runs(node):
    node.answers["reload"] = {"ok": True, "zones": 1, "loaded": [], "unchanged": 1, "withdrawn": [],
                              "failed": []}
    node.config.write_text(node.config.read_text().replace("prefixes", "prefixs") + 'dameon = "x"\n')
    assert "is announced" in node.ask("status")
    assert "1 zones are served" in node.ask("reload")
    node.ask("drain", "--no-wait")
    assert "prefixes" in node.ask("routing-config", status=1)
