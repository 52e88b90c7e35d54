"""The whole of `nearcast node join` on a fresh server: its unit, its routing daemon, its start."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from world import missing_needs

HERE = pathlib.Path(__file__).resolve().parent

pytestmark = pytest.mark.skipif(bool(missing_needs()), reason=missing_needs())


def story(folder, daemon):
    """What join_story.py saw, with a network, mounts and processes that end with it."""
    programs = pathlib.Path(os.environ["NEARCAST_BIN"])
    own = os.environ | {"NEARCAST": str(programs / "nearcast"),
                        "NEARCASTD": str(programs / "nearcastd"),
                        "NEARCAST_CONTROL": str(programs / "nearcast-control")}
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
         sys.executable, HERE / "join_story.py", folder, daemon],
        text=True, capture_output=True, env=own, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_fresh_server_with_bird_is_announced_by_one_command(tmp_path):
    seen = story(tmp_path, "bird")
    assert seen["systemctl"] == ["enable --now bird", "daemon-reload", "enable --now nearcast"]
    assert seen["before"], "what stood in BIRD's file is kept"
    assert seen["answer"] == "ns1.example.net."
    assert any(line.startswith("203.0.113.0/24") for line in seen["routes"]), seen["routes"]
    assert "203.0.113.53/32" in seen["addresses"]
    assert "--config /etc/nearcast/node.toml" in seen["unit"]
    assert "nearcast.service" not in seen["verify"], "systemd has nothing to say of the unit"


@pytest.mark.skipif(not shutil.which("vtysh"), reason="needs frr")
def test_a_fresh_server_with_frr_gets_its_configuration(tmp_path):
    seen = story(tmp_path, "frr")
    assert seen["systemctl"][:2] == ["enable frr", "restart frr"]
    assert "\nbgpd=yes\n" in seen["daemons"] and "\nbfdd=yes\n" in seen["daemons"]
    assert "router bgp 65010" in seen["frr"] and seen["owner"] == "frr"
    assert seen["answer"] == "ns1.example.net."
