"""Other name servers on free loopback ports, with the same zones: Knot, NSD and BIND."""

import pathlib
import shutil
import socket
import subprocess
import time

from differential.questions import TYPES, Question
from server import free_port

START_LIMIT = 60

KNOT = """
server:
    rundir: {folder}
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 1232
log:
  - target: {folder}/log
    any: warning
database:
    storage: {folder}
template:
  - id: default
    storage: {zones}
    semantic-checks: off
    zonefile-load: whole
    journal-content: none
zone:
{list}
"""

NSD = """
server:
    ip-address: 127.0.0.1@{port}
    username: ""
    chroot: ""
    zonesdir: {zones}
    database: ""
    pidfile: {folder}/pid
    logfile: {folder}/log
    xfrdfile: {folder}/xfrd
    zonelistfile: {folder}/zones
    server-count: 1
    ipv4-edns-size: 1232
    rrl-ratelimit: 0
    minimal-responses: yes
remote-control:
    control-enable: no
{list}
"""

BIND = """
options {{
    directory "{folder}";
    pid-file "{folder}/pid";
    session-keyfile "{folder}/session";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    minimal-responses no-auth;
    zero-no-soa-ttl no;
    dnssec-validation no;
    notify no;
    max-udp-size 1232;
    check-names primary ignore;
    check-integrity no;
    check-mx ignore;
    empty-zones-enable no;
    max-records-per-type 0;
    max-types-per-name 0;
}};
controls {{ }};
logging {{ channel all {{ file "{folder}/log"; severity warning; }}; category default {{ all; }}; }};
{list}
"""

PEERS = {
    "knot": ("knotd", KNOT, '  - domain: "{name}"\n    file: "{file}"\n', ["-c"]),
    "nsd": ("nsd", NSD, 'zone:\n    name: "{name}"\n    zonefile: "{file}"\n', ["-d", "-c"]),
    "bind": ("named", BIND, 'zone "{name}" {{ type primary; file "{zones}/{file}"; }};\n',
             ["-f", "-n", "1", "-c"]),
}  # fmt: skip


def installed():
    """Peers whose program this machine has."""
    return [name for name, (program, *_) in PEERS.items() if find(program)]


def find(program):
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


class Peer:
    """Starts on entry, is killed on exit."""

    def __init__(self, name, zones, served, folder):
        self.name = name
        self.port = free_port()
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        program, template, line, self.arguments = PEERS[name]
        self.program = find(program)
        self.configuration = self.folder / "configuration"
        self.configuration.write_text(
            template.format(
                folder=self.folder,
                zones=zones,
                port=self.port,
                list="".join(line.format(name=zone.name, file=zone.file, zones=zones) for zone in served),
            )
        )

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.program, *self.arguments, self.configuration],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "stderr").open("w"),
        )
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_for(self, zones):
        """Until it answers for every zone with data; fails with its own log when it never does."""
        deadline = time.monotonic() + START_LIMIT
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", self.port))
            client.settimeout(0.1)
            waiting = list(zones)
            while waiting and time.monotonic() < deadline and self.process.poll() is None:
                try:
                    client.send(Question(waiting[-1].apex, TYPES["SOA"], 0, None, False, False).to_wire(0))
                    if client.recv(65535)[3] & 0xF == 0:
                        waiting.pop()
                except (TimeoutError, ConnectionRefusedError):
                    pass
            if not waiting:
                return
        log = [(self.folder / name) for name in ("stderr", "log")]
        texts = [path.read_text()[-2000:] for path in log if path.exists()]
        raise AssertionError("\n".join([f"{self.name} does not serve {waiting[-1].name}", *texts]))
