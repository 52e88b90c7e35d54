"""What tests of signed zones share: how to sign, a parent zone, and programs that judge."""

import pathlib
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rdatatype
import dns.tsig
import dns.zone

import peers
from server import free_port

ZONE = "example.test."


def run(*command, **more):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120,
                          check=False, **more)  # fmt: skip


def signing_section(parent_port, more=""):
    """All delays as short as a test wants them."""
    return f"""
[signing]
former_ttl = "1s"
parent_propagation = "1s"
parent_delay = "1s"
dnskey_ttl = 1
resolvers = ["127.0.0.1:{parent_port}"]
parent_port = {parent_port}
parent_interval = "1s"
{more}
"""


def soa(numbers):
    return {"name": ZONE, "type": "SOA", "ttl": 1,
            "records": [{"content": f"ns1.example.net. host.example.net. 1 {numbers}"}]}


# REFRESH, RETRY, EXPIRE and MINIMUM: no server is cut off for longer than some seconds.
BRISK = soa("1 1 2 1")


class Parent(peers.Knot):
    """Serves test., and answers for where its own servers are."""

    def __init__(self, folder):
        super().__init__(folder)
        self.serial = 7
        self.ds = []

    def text(self):
        ds = "".join(f"example DS {each}\n" for each in self.ds)
        return (f"$ORIGIN test.\n$TTL 1\n@ SOA ns hostmaster {self.serial} 1 1 4 1\n@ NS ns\n"
                f"ns A 127.0.0.1\nexample NS ns1.example.net.\n{ds}")

    def begin(self):
        file = self.folder / "first"
        file.write_text(self.text())
        return self.as_primary("test", file, free_port())

    def set_ds(self, ds):
        self.ds = list(ds)
        self.serial += 1
        self.zone_file.write_text(self.text())
        self.reload()
        peers.wait_until(lambda: peers.serial_at(self.port, "test") == self.serial,
                         "the parent's new version", 30)


def status(controller):
    return controller.ask("GET", f"/api/v1/signing/{ZONE}").json


def wait_for_state(controller, state, seconds=60):
    peers.wait_until(lambda: status(controller)["state"] == state, f"the state {state}", seconds)


def signed_records(port, name, kind):
    """The records of a set, if a signature came with them; None otherwise."""
    query = dns.message.make_query(name, kind, want_dnssec=True)
    try:
        response = dns.query.udp(query, "127.0.0.1", port=port, timeout=5)
        if response.flags & dns.flags.TC:
            response = dns.query.tcp(query, "127.0.0.1", port=port, timeout=5)
    except (OSError, dns.exception.Timeout):
        return None
    kinds = {rrset.rdtype for rrset in response.answer}
    if dns.rdatatype.RRSIG not in kinds:
        return None
    return sorted(str(record) for rrset in response.answer for record in rrset
                  if rrset.rdtype != dns.rdatatype.RRSIG)


def serves_signed(port, name, kind, *contents):
    return lambda: signed_records(port, name, kind) == sorted(contents)


class Judge:
    """Validates what a server gives out, with the zone's own keys as what is trusted."""

    def __init__(self, controller, folder, zone=ZONE):
        self.folder = pathlib.Path(folder)
        self.zone = zone
        keys = controller.ask("GET", f"/zones/{zone}/cryptokeys").json
        dnskeys = [key["dnskey"].split(maxsplit=3) for key in keys if key["flags"] & 1]
        self.anchor = self.folder / "anchor.conf"
        self.anchor.write_text("trust-anchors {\n" + "".join(
            f'{zone} static-key {flags} {protocol} {algorithm} "{public}";\n'
            for flags, protocol, algorithm, public in dnskeys) + "};\n")

    def answers(self, port, name, kind):
        done = run("delv", "@127.0.0.1", "-p", port, "-a", self.anchor, f"+root={self.zone}", name,
                   kind)
        text = done.stdout + done.stderr
        assert "fully validated" in text, f"{name} {kind}\n{text}"
        return text

    def denies(self, port, name, kind):
        text = self.answers(port, name, kind)
        assert "negative response" in text or "ncache" in text, text

    def whole(self, port, by_knot=True):
        """The zone as it is transferred."""
        path = self.folder / "copy.zone"
        messages = dns.query.xfr("127.0.0.1", self.zone, port=port, relativize=False, lifetime=60,
                                 keyring=peers.KEYRING, keyalgorithm=dns.tsig.HMAC_SHA256)
        dns.zone.from_xfr(messages, relativize=False).to_file(str(path), relativize=False)
        commands = [["ldns-verify-zone", path], ["dnssec-verify", "-z", "-o", self.zone, path]]
        # With two keys Knot's 3.2.6 finds another fault in the same file each time, and it takes
        # what other zones signal (RFC 9615) for the zone's own CDS.
        if by_knot:
            commands.append(["kzonecheck", "-d", "on", "-o", self.zone, path])
        for command in commands:
            done = run(*command)
            assert done.returncode == 0, f"{command[0]}\n{done.stdout}\n{done.stderr}"
