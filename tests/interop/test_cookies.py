"""DNS cookies across servers that share a secret: ours with ours, and with those of others."""

import re
import subprocess
import time

import dns.edns
import dns.message
import dns.query
import dns.rcode
import pytest

import peers
from server import Server

SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf"
NEXT_SECRET = "445536bcd2513298075a5d379663c962"
CLIENT = bytes.fromhex("2464c4abcf10c957")
COOKIE = 10
BADCOOKIE = 23


def settings(folder, *secrets, name="cookies", require="always"):
    """A file of settings that demands cookies, with its secrets in a file beside it."""
    keys = folder / f"{name}.secrets"
    keys.write_text("\n".join(secrets) + "\n")
    path = folder / f"{name}.toml"
    path.write_text(f'[cookies]\nrequire = "{require}"\nsecret_files = ["{keys}"]\n')
    return path


def ask(port, cookie, zone="odd.example"):
    """What comes back for a question with this cookie: the rcode, and a cookie."""
    query = dns.message.make_query(zone, "SOA", use_edns=0,
                                   options=[dns.edns.GenericOption(COOKIE, cookie)])
    response = dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
    found = [option.to_wire() for option in response.options if option.otype == COOKIE]
    assert len(found) == 1
    return response.rcode(), found[0]


class Bind(peers.Bind):
    def serve(self, zone, file):
        self.keep(zone, file)
        self.configure(f'zone "{zone}" {{ type primary; file "{zone}.zone"; }};')
        conf = self.folder / "named.conf"
        conf.write_text(conf.read_text().replace("recursion no;", f"""recursion no;
    cookie-algorithm siphash24; cookie-secret "{SECRET}"; require-server-cookie yes;"""))
        return self


class Knot(peers.Knot):
    def serve(self, zone, file):
        self.keep(zone, file)
        self.configure(f"""
mod-cookies:
  - id: shared
    secret: 0x{SECRET}
    badcookie-slip: 1
zone:
  - domain: {zone}
    storage: {self.folder}
    file: {zone}.zone
    module: mod-cookies/shared
""")
        return self


class Nsd(peers.Nsd):
    def serve(self, zone, file):
        self.keep(zone, file)
        self.configure(f'zone:\n    name: "{zone}"\n    zonefile: "{zone}.zone"\n')
        conf = self.folder / "nsd.conf"
        conf.write_text(conf.read_text().replace(
            "server-count: 1", f'server-count: 1\n    answer-cookie: yes\n'
            f'    cookie-secret: "{SECRET}"'))
        return self


def test_a_cookie_of_one_is_good_at_the_other(zones, tmp_path):
    path = settings(tmp_path, SECRET)
    with Server(zones, "--settings", path) as one, Server(zones, "--settings", path) as other:
        rcode, cookie = ask(one.port, CLIENT)
        assert rcode == BADCOOKIE
        assert cookie.startswith(CLIENT) and len(cookie) == 24
        assert ask(one.port, cookie) == (dns.rcode.NOERROR, cookie)
        assert ask(other.port, cookie) == (dns.rcode.NOERROR, cookie)
        spoilt = cookie[:-1] + bytes([cookie[-1] ^ 1])
        assert ask(other.port, spoilt)[0] == BADCOOKIE


def test_servers_without_a_secret_know_only_their_own(zones, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('[cookies]\nrequire = "always"\n')
    with Server(zones, "--settings", path) as one, Server(zones, "--settings", path) as other:
        cookie = ask(one.port, CLIENT)[1]
        assert ask(one.port, cookie)[0] == dns.rcode.NOERROR
        assert ask(other.port, cookie)[0] == BADCOOKIE
        one.reload()
        assert ask(one.port, cookie)[0] == dns.rcode.NOERROR


def test_a_secret_is_rolled_without_one_bad_cookie(zones, tmp_path):
    """Two servers roll one after the other; a client asks them in turn at every step."""
    steps = [(SECRET,), (SECRET, NEXT_SECRET), (NEXT_SECRET, SECRET), (NEXT_SECRET,)]
    files = [settings(tmp_path, SECRET, name=name) for name in ("one", "other")]
    with Server(zones, "--settings", files[0]) as one, \
            Server(zones, "--settings", files[1]) as other:
        cookie = ask(one.port, CLIENT)[1]
        for secrets in steps[1:]:
            for server, name in ((one, "one"), (other, "other")):
                settings(tmp_path, *secrets, name=name)
                server.reload()
                for asked in (one, other, one, other):
                    rcode, cookie = ask(asked.port, cookie)
                    assert rcode == dns.rcode.NOERROR, (secrets, name)


def test_a_bad_file_leaves_the_secrets_that_were(zones, tmp_path):
    path = settings(tmp_path, SECRET)
    with Server(zones, "--settings", path) as server:
        cookie = ask(server.port, CLIENT)[1]
        settings(tmp_path, "not hex")
        server.reload()
        told = [line for line in server.log if "cookie_secrets_kept" in line]
        assert "cookies.secrets:1: a cookie secret is not 32 hex digits" in told[0]
        assert ask(server.port, cookie) == (dns.rcode.NOERROR, cookie)


def test_dig_and_kdig_see_good_cookies(zones, tmp_path):
    with Server(zones, "--settings", settings(tmp_path, SECRET)) as server:
        for command in (["dig", "+cookie"], ["kdig", "+cookie"]):
            done = subprocess.run(
                [*command, "@127.0.0.1", "-p", str(server.port), "odd.example", "SOA"],
                capture_output=True, text=True, timeout=60, check=True)
            assert "NOERROR" in done.stdout, done.stdout
            assert re.search(r"COOKIE: [0-9a-fA-F]{48}", done.stdout), done.stdout
        assert "(good)" in subprocess.run(
            ["dig", "+cookie", "@127.0.0.1", "-p", str(server.port), "odd.example", "SOA"],
            capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("peer", [Bind, Knot], ids=lambda peer: peer.program)
def test_a_strict_peer_takes_our_cookie_and_we_take_its(peer, zones, tmp_path):
    zone = "odd.example"
    with Server(zones, "--settings", settings(tmp_path, SECRET)) as ours, \
            peer(tmp_path / "peer").serve(zone, zones / f"{zone}.zone") as theirs:
        peers.wait_until(lambda: peers.serial_at(theirs.port, zone) == 7, f"{peer.program}'s start")
        rcode, cookie = ask(theirs.port, CLIENT)
        assert rcode == BADCOOKIE
        assert ask(ours.port, cookie) == (dns.rcode.NOERROR, cookie)
        cookie = ask(ours.port, CLIENT)[1]
        assert ask(theirs.port, cookie)[0] == dns.rcode.NOERROR


def test_nsd_hands_our_cookie_back_unchanged(zones, tmp_path):
    zone = "odd.example"
    with Server(zones, "--settings", settings(tmp_path, SECRET)) as ours, \
            Nsd(tmp_path / "peer").serve(zone, zones / f"{zone}.zone") as theirs:
        peers.wait_until(lambda: peers.serial_at(theirs.port, zone) == 7, "NSD's start")
        cookie = ask(ours.port, CLIENT)[1]
        time.sleep(1.1)  # One that NSD had to make anew would bear another time.
        assert ask(theirs.port, cookie)[1] == cookie
        assert ask(ours.port, ask(theirs.port, CLIENT)[1])[0] == dns.rcode.NOERROR
