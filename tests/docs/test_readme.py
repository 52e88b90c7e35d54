"""Runs the commands that README.md shows, word by word, so that they cannot rot.

A command is a line indented by four spaces. `sudo` is left out (the test is root already), and
`sudo ./test` is skipped: it is what runs this.
"""

import os
import pathlib
import pty
import re
import select
import shutil
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build/release/bin"
COMMAND_SECONDS_MAX = 300

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")


def section(title):
    """The commands of one section of README.md, without comments."""
    text = (ROOT / "README.md").read_text()
    body = text.split(f"## {title}\n")[1].split("\n## ")[0] if title else text.split("\n## ")[0]
    lines = re.findall(r"^    (.+)$", body, re.MULTILINE)
    return [re.sub(r"\s+#.*$", "", line).removeprefix("sudo ") for line in lines]


def run(command, folder):
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True,
        timeout=COMMAND_SECONDS_MAX, stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_on_terminal(command, folder, keys, seconds_max=20):
    """Runs a command on a terminal of its own, types `keys` after its first output."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvp("bash", ["bash", "-c", command])
    output, deadline, typed = b"", time.monotonic() + seconds_max, False
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                output += os.read(terminal, 65536)
            except OSError:
                break  # The other end closed: it has ended.
            if not typed and len(output) > 200:
                os.write(terminal, keys)
                typed = True
    else:
        os.kill(pid, 9)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 0, output.decode(errors="replace")
    return output.decode(errors="replace")


@pytest.fixture(scope="module")
def lab():
    """The lab as the README's first command brings it up."""
    commands = section(None)
    assert commands == ["./run", "./test"]
    run("./run", ROOT)
    yield
    subprocess.run([PROGRAMS / "nearcast", "lab", "down"], check=False, capture_output=True)


def test_the_tour_of_the_lab(lab):
    commands = section("See what anycast does")
    assert commands.pop(0) == "cd build/release/bin"
    shown = {}
    for command in commands:
        if command == "./nearcast lab watch":
            shown[command] = run_on_terminal(command, PROGRAMS, b"q")
        else:
            shown.setdefault(command, run(command, PROGRAMS))
    (PROGRAMS / "compare.svg").unlink()
    assert "singapore" in shown["./nearcast lab catchment"].lower()
    assert not re.search("nclab-", run("ip netns list", ROOT))


def test_answering_from_zone_files():
    server_command, question = section("Answer from your own zone files")
    port = int(re.search(r":(\d+) &", server_command)[1])
    with subprocess.Popen(["bash", "-c", "exec " + server_command.removesuffix(" &")], cwd=ROOT) as server:
        try:
            wait_until_listening(port)
            assert "NOERROR" in run(question, ROOT)
        finally:
            server.terminate()
            server.wait(timeout=10)


def wait_until_listening(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        select.select([], [], [], 0.05)
    pytest.fail(f"nothing listens on port {port}")


def test_the_routing_configuration_of_a_real_node(tmp_path):
    (command,) = section("Run a real node")
    shutil.copy(ROOT / "examples/node.toml", tmp_path / "node.toml")
    command = command.replace("/etc/bird/bird.conf", "bird.conf")
    run(f"PATH={PROGRAMS}:$PATH; {command}", tmp_path)
    run("bird -p -c bird.conf", tmp_path)
