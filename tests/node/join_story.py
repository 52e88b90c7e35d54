"""A fresh server joins by the printed command and starts: run by test_join_start.py in namespaces.

Everything that the command touches is this process's own: the network, /etc, /run, /var/lib, /dev/net.
In place of systemd stands a script that notes what it is asked for and starts what it should.
Prints what came of it as JSON. Usage: join_story.py FOLDER bird|frr
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("conformance", "interop", "control")]

from controller import Controller, program  # noqa: E402
from server import wait_until  # noqa: E402
from test_network import make_pop, network_sections  # noqa: E402

SYSTEMCTL = """#!/bin/sh
echo "$*" >>/run/systemctl.log
case "$*" in
    "enable --now bird") exec bird -u bird -g bird -c /etc/bird/bird.conf ;;
    "enable --now nearcast")
        setsid $(sed -n 's/^ExecStart=//p' /etc/systemd/system/nearcast.service) \\
            >/run/node.log 2>&1 </dev/null & ;;
esac
"""
NEIGHBOR = {"name": "transit", "address": "198.51.100.1", "asn": 65001, "role": "customer"}


def run(*words):
    return subprocess.run(words, check=True, text=True, capture_output=True).stdout


def make_fresh_server(folder):
    """Nothing here reaches the machine: mounts and network end with this process."""
    run("cp", "-a", "/etc", folder / "etc")
    run("mount", "--bind", folder / "etc", "/etc")
    for path in ("/run", "/dev/net"):
        run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", path)
    (folder / "lib").mkdir()
    run("mount", "--bind", folder / "lib", "/var/lib")
    run("mknod", "-m", "0666", "/dev/net/tun", "c", "10", "200")
    pathlib.Path("/run/bird").mkdir()
    pathlib.Path("/run/systemd/system").mkdir(parents=True)  # As where it runs.
    shutil.chown("/run/bird", "bird", "bird")
    pathlib.Path("/etc/nearcast").mkdir(exist_ok=True)
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1")
    run("ip", "link", "set", "up1", "up")
    run("ip", "address", "add", "198.51.100.2/24", "dev", "up0")
    run("ip", "link", "set", "up0", "up")
    (folder / "bin").mkdir()
    systemctl = folder / "bin/systemctl"
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)
    os.environ["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin"


def join(controller):
    command = shlex.split(make_pop(controller, "sin", neighbors=[NEIGHBOR])["join"]["command"])
    done = subprocess.run([program("nearcast"), *command[1:]], text=True, capture_output=True,
                          timeout=120)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


def answer():
    done = subprocess.run(["dig", "+short", "+time=1", "+tries=1", "@203.0.113.53", "example.com.",
                           "NS"], text=True, capture_output=True)
    # What could not be reached it tells where an answer would stand.
    return done.stdout.strip() if done.returncode == 0 else None


def status():
    # Nobody is at the other end of the session: what is announced may be found not to be by then.
    done = subprocess.run([program("nearcast"), "node", "status", "--json"], text=True,
                          capture_output=True)
    assert done.returncode in (0, 1), done
    return json.loads(done.stdout)


def look(daemon):
    unit = "/etc/systemd/system/nearcast.service"
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], text=True,
                              capture_output=True)
    story = {"systemctl": pathlib.Path("/run/systemctl.log").read_text().splitlines(),
             "unit": pathlib.Path(unit).read_text(),
             "verify": verified.stdout + verified.stderr,
             "answer": wait_until(answer, "an answer at the service address"),
             "status": status(),
             "addresses": run("ip", "-o", "address", "show", "dev", "lo")}
    if daemon == "bird":
        story["routes"] = wait_until(
            lambda: [line for line in run("birdc", "show", "route", "all").splitlines()
                     if "nc_pref4" in line], "the announcement")
        story["before"] = pathlib.Path("/etc/bird/bird.conf.before").exists()
    else:
        story["daemons"] = pathlib.Path("/etc/frr/daemons").read_text()
        story["frr"] = pathlib.Path("/etc/frr/frr.conf").read_text()
        story["owner"] = pathlib.Path("/etc/frr/frr.conf").owner()
    return story


def main():
    folder, daemon = pathlib.Path(sys.argv[1]), sys.argv[2]
    make_fresh_server(folder)
    sections = network_sections() + f'daemon = "{daemon}"\n'
    with Controller(folder / "control", sections, tls=True) as controller:
        controller.create("example.com.")
        join(controller)
        print(json.dumps(look(daemon)))


if __name__ == "__main__":
    main()
