"""Other name servers on free ports of the loopback, each for as long as a test needs it."""

import contextlib
import pathlib
import signal
import sqlite3
import subprocess

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.zone

from server import Server, free_port, wait_until  # wait_until: for those who use this

SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
KEY_NAME = "transfer.example"
KEYRING = dns.tsigkeyring.from_text({KEY_NAME: SECRET})


def serial_at(port, zone):
    """The serial of the zone that a server answers with; None while it does not."""
    query = dns.message.make_query(zone, "SOA")
    try:
        response = dns.query.udp(query, "127.0.0.1", port=port, timeout=2)
    except (dns.exception.Timeout, OSError):
        return None
    if response.rcode() != dns.rcode.NOERROR or not response.answer:
        return None
    return response.answer[0][0].serial


def transfer(port, zone, key=True):
    """All records of the zone, as sorted lines; a dns.xfr.TransferError when it is refused."""
    messages = dns.query.xfr(
        "127.0.0.1", zone, port=port, relativize=False, lifetime=60,
        keyring=KEYRING if key else None, keyalgorithm=dns.tsig.HMAC_SHA256)
    lines = set()
    for message in messages:
        for rrset in message.answer:
            for record in rrset:
                lines.add(f"{str(rrset.name).lower()} {rrset.ttl} "
                          f"{dns.rdatatype.to_text(rrset.rdtype)} {str(record).lower()}")
    return sorted(lines)


@contextlib.contextmanager
def secondary_of_ours(theirs, zone, zones, transfers):
    """A server of ours, once it has given the zone to that of somebody else, which it notifies."""
    config = transfers(f'[transfer]\nallow = ["key:{KEY_NAME}"]\n'
                       f'notify = ["127.0.0.1:{theirs.port}"]\n')
    with Server(zones, "--settings", config) as ours, theirs.as_secondary(zone, ours.port):
        wait_until(lambda: serial_at(theirs.port, zone) == 7, "the first transfer")
        yield ours


class Peer:
    """A server of somebody else: started on entry, ended on exit whatever happens."""

    program = None
    more = ""  # Of the zone, in the program's own words.
    keys = ""  # Further keys.
    acl = ""  # Further rules.
    options = ""  # Further options of the program.

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log = self.folder / "log"

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
                start_new_session=True)
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if kind is not None:
            print(f"--- {self.program}\n{self.log.read_text()}")

    def keep(self, zone, file):
        """Makes the zone's file its own; change() then raises the serial in it."""
        self.zone_file = self.write(f"{zone}.zone", file.read_text())

    def change(self):
        self.zone_file.write_text(
            self.zone_file.read_text().replace("hostmaster 7 ", "hostmaster 8 "))
        self.reload()

    def reload(self):
        """Takes in the zone's file as it is now."""
        self.process.send_signal(signal.SIGHUP)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


class Knot(Peer):
    program = "knotd"

    def configure(self, zone_lines):
        self.write("knot.conf", f"""
server:
    rundir: {self.folder}
    listen: 127.0.0.1@{self.port}
log:
  - target: stderr
    any: debug
database:
    storage: {self.folder}
key:
  - id: {KEY_NAME}
    algorithm: hmac-sha256
    secret: {SECRET}
{self.keys}
{zone_lines}
""")

    def allow_update(self):
        """For whoever signs with the key update.example."""
        self.keys = f"  - id: update.example\n    algorithm: hmac-sha256\n    secret: {SECRET}"
        self.acl = "  - id: to-update\n    key: update.example\n    action: update"

    @staticmethod
    def from_primary(port):
        return f"""
remote:
  - id: primary
    address: 127.0.0.1@{port}
    key: {KEY_NAME}
acl:
  - id: from-primary
    address: 127.0.0.1
    action: notify
  - id: to-reader
    key: {KEY_NAME}
    action: transfer
"""

    @staticmethod
    def to_secondary(port):
        return f"""
remote:
  - id: secondary
    address: 127.0.0.1@{port}
acl:
  - id: to-secondary
    key: {KEY_NAME}
    action: transfer
"""

    def as_secondary(self, zone, primary_port):
        self.configure(self.from_primary(primary_port) + f"""
zone:
  - domain: {zone}
    storage: {self.folder}
    master: primary
    acl: [from-primary, to-reader]
""")
        return self

    def as_follower(self, catalog, primary_port):
        self.configure(self.from_primary(primary_port) + f"""
template:
  - id: member
    storage: {self.folder}
    master: primary
    acl: from-primary
zone:
  - domain: {catalog}
    storage: {self.folder}
    master: primary
    acl: from-primary
    catalog-role: interpret
    catalog-template: member
""")
        return self

    def as_publisher(self, catalog, files, secondary_port):
        members = ""
        for file in files:
            self.write(file.name, file.read_text())
            members += f"""
  - domain: {file.stem}
    storage: {self.folder}
    file: {file.name}
    acl: to-secondary
    catalog-role: member
    catalog-zone: {catalog}
"""
        self.configure(self.to_secondary(secondary_port) + f"""
zone:
  - domain: {catalog}
    storage: {self.folder}
    notify: secondary
    acl: to-secondary
    catalog-role: generate
{members}""")
        return self

    def as_primary(self, zone, file, secondary_port):
        self.keep(zone, file)
        self.configure(self.to_secondary(secondary_port) + f"""
{self.acl}
zone:
  - domain: {zone}
    storage: {self.folder}
    file: {zone}.zone
    notify: secondary
    acl: [to-secondary{", to-update" if self.acl else ""}]
    zonefile-load: difference
""")
        return self

    def command(self):
        return ["knotd", "-c", self.folder / "knot.conf"]


class Bind(Peer):
    program = "named"

    def configure(self, zone_lines):
        self.write("named.conf", f"""
options {{
    directory "{self.folder}";
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    recursion no;
    dnssec-validation no;
    notify-source 127.0.0.1;
    transfer-source 127.0.0.1;
    masterfile-format text;
    {self.options}
}};
controls {{ }};
key "{KEY_NAME}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};
{self.keys}
{zone_lines}
""")

    def as_secondary(self, zone, primary_port):
        self.configure(f"""
zone "{zone}" {{
    type secondary;
    file "{zone}.copy";
    primaries {{ 127.0.0.1 port {primary_port} key {KEY_NAME}; }};
    allow-notify {{ 127.0.0.1; }};
}};
""")
        return self

    def as_follower(self, catalog, primary_port):
        source = f"{{ 127.0.0.1 port {primary_port} key {KEY_NAME}; }}"
        self.options = (f'catalog-zones {{ zone "{catalog}" default-primaries {source} '
                        f'zone-directory "{self.folder}"; }};')
        self.configure(f"""
zone "{catalog}" {{
    type secondary;
    file "{catalog}.copy";
    primaries {source};
    allow-notify {{ 127.0.0.1; }};
}};
""")
        return self

    def as_primary(self, zone, file, secondary_port):
        self.keep(zone, file)
        self.configure(f"""
zone "{zone}" {{
    type primary;
    file "{zone}.zone";
    allow-transfer {{ key {KEY_NAME}; }};
    notify explicit;
    also-notify {{ 127.0.0.1 port {secondary_port}; }};
    ixfr-from-differences yes;
    {self.more}
}};
""")
        return self

    def command(self):
        return ["named", "-g", "-c", self.folder / "named.conf", "-n", "1"]


    def allow_update(self):
        """For whoever signs with the key update.example."""
        self.keys = f'key "update.example" {{ algorithm hmac-sha256; secret "{SECRET}"; }};'
        self.more = "allow-update { key update.example; };"


class Nsd(Peer):
    program = "nsd"

    def configure(self, zone_lines):
        self.write("nsd.conf", f"""
server:
    ip-address: 127.0.0.1@{self.port}
    username: ""
    zonesdir: "{self.folder}"
    database: ""
    pidfile: "{self.folder}/nsd.pid"
    xfrdfile: "{self.folder}/xfrd.state"
    xfrdir: "{self.folder}"
    zonelistfile: "{self.folder}/zone.list"
    server-count: 1
    verbosity: 2
remote-control:
    control-enable: no
key:
    name: "{KEY_NAME}"
    algorithm: hmac-sha256
    secret: "{SECRET}"
{zone_lines}
""")

    def as_secondary(self, zone, primary_port):
        self.configure(f"""
zone:
    name: "{zone}"
    zonefile: "{zone}.copy"
    request-xfr: 127.0.0.1@{primary_port} {KEY_NAME}
    allow-notify: 127.0.0.1 NOKEY
""")
        return self

    def as_primary(self, zone, file, secondary_port):
        self.keep(zone, file)
        self.configure(f"""
zone:
    name: "{zone}"
    zonefile: "{zone}.zone"
    provide-xfr: 127.0.0.1 {KEY_NAME}
    notify: 127.0.0.1@{secondary_port} NOKEY
    store-ixfr: yes
    create-ixfr: yes
""")
        return self

    def command(self):
        return ["nsd", "-d", "-c", self.folder / "nsd.conf"]


class PowerDns(Peer):
    """With SQLite, which can be a secondary too; it sends zones whole, and takes changes."""

    program = "pdns_server"

    def configure(self):
        self.write("pdns.conf", f"""
launch=gsqlite3
gsqlite3-database={self.folder}/pdns.sqlite
local-address=127.0.0.1
local-port={self.port}
socket-dir={self.folder}
primary=yes
secondary=yes
dname-processing=yes
xfr-cycle-interval=1
allow-axfr-ips=
allow-notify-from=127.0.0.1
only-notify=127.0.0.1/32
query-cache-ttl=0
cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
loglevel=6
""")
        schema = pathlib.Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
        with sqlite3.connect(self.folder / "pdns.sqlite") as database:
            database.executescript(schema.read_text())
        self.util("import-tsig-key", KEY_NAME, "hmac-sha256", SECRET)

    def util(self, *words):
        return subprocess.run(["pdnsutil", f"--config-dir={self.folder}", *map(str, words)],
                              capture_output=True, text=True, timeout=60, check=True).stdout

    def as_secondary(self, zone, primary_port):
        self.configure()
        self.util("create-slave-zone", zone, f"127.0.0.1:{primary_port}")
        self.util("set-meta", zone, "AXFR-MASTER-TSIG", KEY_NAME)
        self.util("set-meta", zone, "IXFR", "1")
        return self

    def as_follower(self, catalog, primary_port):
        self.configure()
        self.util("create-slave-zone", catalog, f"127.0.0.1:{primary_port}")
        self.util("set-meta", catalog, "AXFR-MASTER-TSIG", KEY_NAME)
        self.util("set-kind", catalog, "consumer")
        return self

    def give(self, zone, kind, secondary_port):
        self.util("set-kind", zone, kind)
        self.util("set-meta", zone, "TSIG-ALLOW-AXFR", KEY_NAME)
        self.util("set-meta", zone, "ALSO-NOTIFY", f"127.0.0.1:{secondary_port}")

    def as_publisher(self, catalog, files, secondary_port):
        self.configure()
        self.util("create-zone", catalog)
        self.give(catalog, "producer", secondary_port)
        for file in files:
            self.util("load-zone", file.stem, file)
            self.give(file.stem, "primary", secondary_port)
            self.util("set-catalog", file.stem, catalog)
        return self

    def as_primary(self, zone, file, secondary_port):
        self.configure()
        self.zone = zone
        self.keep(zone, file)
        self.util("load-zone", zone, self.zone_file)
        self.give(zone, "primary", secondary_port)
        return self

    def reload(self):
        self.util("load-zone", self.zone, self.zone_file)

    def command(self):
        return ["pdns_server", f"--config-dir={self.folder}", "--daemon=no", "--guardian=no"]


# Those that keep a history and send the changes.
WITH_CHANGES = [Knot, Bind, Nsd]
ALL = [Knot, Bind, Nsd, PowerDns]
