"""A fresh server joins by the command that the controller prints, and has every zone."""

import os
import pathlib
import shlex
import subprocess

import pytest

import peers
from controller import Controller, program, replace
from server import Server, free_port
from test_network import make_pop, network_sections
from test_nodes import answers

LIMIT = 120


@pytest.fixture
def network(tmp_path):
    with Controller(tmp_path / "control", network_sections(), tls=True) as controller:
        yield controller


def join(command, folder, port, directory=None, state=None):
    """Runs what was printed, with files and state in the folder, and starts nothing."""
    words = shlex.split(command)
    assert words[:3] == ["nearcast", "node", "join"]
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [program("nearcast"), *words[1:], "--address", f"127.0.0.1:{port}", "--no-start",
         "--directory", directory or folder / "etc", "--state", state or folder / "state",
         "--user", "root"],
        capture_output=True, text=True, timeout=LIMIT)


def test_one_command_brings_identity_and_zones(network, tmp_path):
    for i in range(20):
        network.create(f"z{i}.example.")
    port = free_port()
    command = make_pop(network, "sin")["join"]["command"]
    joined = join(command, tmp_path / "node", port)
    assert joined.returncode == 0, joined.stdout + joined.stderr
    assert "joined as sin1 in sin" in joined.stdout
    assert "20 zones fetched, 0 are missing" in joined.stdout
    etc = tmp_path / "node/etc"
    for secret in ("node.key", "node.toml"):
        assert (etc / secret).stat().st_mode & 0o077 == 0, secret
    assert network.ask("GET", "/api/v1/nodes/sin1").json["state"] == "new", "it serves nothing yet"
    again = join(command, tmp_path / "other", port)
    assert again.returncode == 1 and "token" in again.stderr
    assert not (tmp_path / "other/etc/node.toml").exists()


def test_a_server_that_is_a_node_stays_what_it_is(network, tmp_path):
    command = make_pop(network, "sin")["join"]["command"]
    assert join(command, tmp_path / "node", free_port()).returncode == 0
    token = network.ask("POST", "/api/v1/pops/sin/tokens", {}).json
    (tmp_path / "node/etc").rename(tmp_path / "kept")
    joined = subprocess.run(
        [program("nearcast"), *shlex.split(token["command"])[1:], "--no-start", "--directory",
         tmp_path / "kept"], capture_output=True, text=True, timeout=LIMIT)
    assert joined.returncode == 1 and "is a node already" in joined.stderr
    assert len(network.ask("GET", "/api/v1/nodes").json) == 1, "and the token is not used"


def test_what_is_wrong_with_the_machine_costs_no_token(network, tmp_path):
    command = make_pop(network, "sin")["join"]["command"]
    (tmp_path / "file").write_text("")
    for option in ("directory", "state"):
        place = tmp_path / "file" / option
        failed = join(command, tmp_path / option, free_port(), **{option: place})
        assert failed.returncode == 1 and f"cannot make {place}" in failed.stderr
    assert network.ask("GET", "/api/v1/nodes").json == []
    assert join(command, tmp_path / "node", free_port()).returncode == 0
    used = join(command, tmp_path / "again", free_port())
    assert used.returncode == 1 and "nearcast pop invite" in used.stderr


def test_a_primary_that_cannot_be_reached_costs_no_token(tmp_path):
    port = free_port()
    sections = network_sections(port).replace(f'primaries = ["127.0.0.1:{port}"]',
                                              f'primaries = ["127.0.0.1:{free_port()}"]')
    with Controller(tmp_path / "control", sections, tls=True) as network:
        command = make_pop(network, "sin")["join"]["command"]
        failed = join(command, tmp_path / "node", free_port())
        assert failed.returncode == 1 and "zones cannot be fetched" in failed.stderr
        assert "Connection refused" in failed.stderr and "primaries in [network]" in failed.stderr
        assert network.ask("GET", "/api/v1/nodes").json == []


def test_a_join_that_fails_tells_the_way_back(network, tmp_path):
    command = make_pop(network, "sin")["join"]["command"]
    (tmp_path / "node/state").mkdir(parents=True)
    (tmp_path / "node/state/store").write_text("no folder")
    failed = join(command, tmp_path / "node", free_port())
    assert failed.returncode == 1, failed
    assert "this server has joined as sin1, and the token is used" in failed.stderr
    assert "nearcast node revoke sin1 and nearcast pop invite sin" in failed.stderr
    store = tmp_path / "node/state/store"
    assert f"begin anew: rm -rf {tmp_path}/node/etc/node.toml {store};" in failed.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="starting a node needs root")
@pytest.mark.skipif(pathlib.Path("/run/systemd/system").exists(), reason="systemd runs here")
def test_a_machine_without_systemd_costs_no_token(network, tmp_path):
    command = make_pop(network, "sin")["join"]["command"]
    failed = subprocess.run([program("nearcast"), *shlex.split(command)[1:], "--user", "root",
                             "--directory", tmp_path / "etc", "--state", tmp_path / "state"],
                            capture_output=True, text=True, timeout=LIMIT,
                            env=os.environ | {"PATH": str(tmp_path)})
    # Without that look it would go on to the machine's addresses, and end there: there is no `ip`.
    assert failed.returncode == 1 and "--foreground" in failed.stderr
    assert network.ask("GET", "/api/v1/nodes").json == []


@pytest.mark.skipif(os.geteuid() != 0, reason="hides a device from a process")
def test_a_machine_without_tun_costs_no_token(network, tmp_path):
    command = make_pop(network, "sin")["join"]["command"]
    # A mount that nobody else sees.
    hidden = "[ ! -e /dev/net ] || mount -t tmpfs tmpfs /dev/net || exit 9; exec \"$@\""
    failed = subprocess.run(["unshare", "-m", "sh", "-c", hidden, "sh", program("nearcast"),
                             *shlex.split(command)[1:], "--user", "root", "--foreground",
                             "--directory", tmp_path / "etc", "--state", tmp_path / "state"],
                            capture_output=True, text=True, timeout=LIMIT)
    assert failed.returncode == 1 and "need /dev/net/tun: No such file" in failed.stderr, failed
    assert "modprobe tun" in failed.stderr
    assert network.ask("GET", "/api/v1/nodes").json == []
    assert not (tmp_path / "etc/node.toml").exists()


def test_a_controller_with_another_key_gets_no_token(network, tmp_path):
    command = make_pop(network, "sin")["join"]["command"]
    wrong = command.replace(command.split("--pin ")[1],
                            "sha256/tZwKQwmI6SBRYKMkggLnBYKB4wVNY7wFAy3amixfjJE=")
    joined = join(wrong, tmp_path / "node", free_port())
    assert joined.returncode == 1
    bare = join(command.split(" --pin ")[0], tmp_path / "node1", free_port())
    assert bare.returncode == 1 and "--pin with that" in bare.stderr and "--ca" not in bare.stderr
    assert join(command, tmp_path / "node2", free_port()).returncode == 0


def test_a_joined_node_serves_and_reports(network, tmp_path):
    network.create("example.com.")
    port = free_port()
    assert join(make_pop(network, "sin")["join"]["command"], tmp_path / "node",
                port).returncode == 0
    settings = tmp_path / "settings.toml"
    text = (tmp_path / "node/etc/node.toml").read_text()
    # The parts of the file that a server without a guard has as well.
    settings.write_text(f'[store]\ndirectory = "{tmp_path / "node/state/store"}"\n'
                        + text[text.index("[[key]]"):])
    with Server(tmp_path / "node/state/zones", "--settings", settings, port=port) as node:
        peers.wait_until(answers(node.port, "example.com.", "NS", "ns1.example.net."), "it", 60)
        body = {"rrsets": [replace("www.example.com.", "A", "192.0.2.1")]}
        done = network.ask("PATCH", "/zones/example.com.?wait=all&timeout=60", body)
        assert done.headers["x-nearcast-served"] == "yes"
        assert network.ask("GET", "/api/v1/nodes/sin1").json["state"] == "current"
