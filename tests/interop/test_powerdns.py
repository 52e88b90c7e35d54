"""Zones to and from PowerDNS, which keeps them in a database and speaks AXFR with TSIG."""

import pathlib
import sqlite3
import subprocess

import dns.message
import dns.query
import pytest

import peers
from server import Server

SCHEMA = pathlib.Path("/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql")
QUESTIONS = [("", "MX"), ("mail.", "A"), ("x.wild.", "TXT"), ("odd\\.dot.", "TXT"), ("none.", "A"),
             ("alias.", "A"), ("https.", "HTTPS"), ("unknown.", "TYPE65280")]  # fmt: skip


class PowerDns(peers.Peer):
    program = "pdns_server"

    def __init__(self, folder):
        super().__init__(folder)
        with sqlite3.connect(self.folder / "db") as database:
            database.executescript(SCHEMA.read_text())
        self.write("pdns.conf", f"""
launch=gsqlite3
gsqlite3-database={self.folder}/db
gsqlite3-dnssec=yes
local-address=127.0.0.1
local-port={self.port}
socket-dir={self.folder}
primary=yes
secondary=yes
xfr-cycle-interval=1
zone-cache-refresh-interval=0
zone-metadata-cache-ttl=0
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
allow-axfr-ips=
allow-notify-from=127.0.0.0/8
only-notify=
guardian=no
loglevel=6
""")
        self.ask("import-tsig-key", peers.KEY_NAME, "hmac-sha256", peers.SECRET)

    def ask(self, *command):
        subprocess.run(["pdnsutil", f"--config-dir={self.folder}", *map(str, command)], check=True,
                       capture_output=True, text=True, timeout=60)  # fmt: skip

    def as_secondary(self, zone, primary_port):
        self.ask("create-secondary-zone", zone, f"127.0.0.1:{primary_port}")
        self.ask("activate-tsig-key", zone, peers.KEY_NAME, "secondary")
        return self

    def as_primary(self, zone, file, secondary_port):
        self.zone = zone
        self.keep(zone, file)
        self.ask("load-zone", zone, self.zone_file)
        self.ask("set-kind", zone, "primary")
        self.ask("activate-tsig-key", zone, peers.KEY_NAME, "primary")
        self.ask("set-meta", zone, "ALSO-NOTIFY", f"127.0.0.1:{secondary_port}")
        return self

    def change(self):
        text = self.zone_file.read_text().replace("hostmaster 7 ", "hostmaster 8 ")
        self.zone_file.write_text(text)
        self.ask("load-zone", self.zone, self.zone_file)

    def command(self):
        return ["pdns_server", f"--config-dir={self.folder}", "--daemon=no"]


def compare(ours, theirs, zone):
    for name, kind in QUESTIONS:
        query = dns.message.make_query(name + zone, kind)
        answers = [dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
                   for port in (ours.port, theirs.port)]  # fmt: skip
        assert answers[0].rcode() == answers[1].rcode(), (name, kind)
        assert answers[0].answer == answers[1].answer, (name, kind)


@pytest.mark.parametrize("zone", ["odd.example", "large.example"])
def test_powerdns_gets_our_zone_and_hears_of_its_change(zone, zones, transfers, tmp_path):
    theirs = PowerDns(tmp_path / "peer")
    config = transfers(f'[transfer]\nallow = ["key:{peers.KEY_NAME}"]\n'
                       f'notify = ["127.0.0.1:{theirs.port}"]\n')  # fmt: skip
    with Server(zones, "--transfers", config) as ours:
        with theirs.as_secondary(zone, ours.port):
            peers.wait_until(lambda: peers.serial_at(theirs.port, zone) == 7, "the first transfer")
            compare(ours, theirs, zone)
            path = zones / f"{zone}.zone"
            path.write_text(path.read_text().replace("hostmaster 7 ", "hostmaster 8 "))
            ours.reload()
            peers.wait_until(lambda: peers.serial_at(theirs.port, zone) == 8, "the second")


@pytest.mark.parametrize("zone", ["odd.example", "large.example"])
def test_we_get_the_zone_of_powerdns_and_its_change(zone, zones, transfers, tmp_path):
    theirs = PowerDns(tmp_path / "peer")
    empty = tmp_path / "none"
    empty.mkdir()
    config = transfers(f'[transfer]\ndirectory = "{tmp_path}/copies"\n'
                       f'[[secondary]]\nzone = "{zone}"\nprimaries = ["127.0.0.1:{theirs.port}"]\n'
                       f'key = "{peers.KEY_NAME}"\n')  # fmt: skip
    with Server(empty, "--transfers", config) as ours:
        with theirs.as_primary(zone, zones / f"{zone}.zone", ours.port):
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 7, "the first transfer")
            compare(ours, theirs, zone)
            theirs.change()
            peers.wait_until(lambda: peers.serial_at(ours.port, zone) == 8, "the second")
