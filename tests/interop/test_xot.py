"""Zones over TLS (RFC 9103) with mutual TLS: between two of ours, with BIND, kdig and dig."""

import re
import subprocess

import dns.message
import dns.query
import dns.rcode
import pytest

import peers
import stream
from server import Server, free_port

ZONE = "odd.example"
SERVER, CLIENT = "primary.example", "secondary.example"


@pytest.fixture(name="authority")
def authority_folder(tmp_path):
    return stream.Authority(tmp_path / "certificates")


@pytest.fixture(name="empty")
def empty_folder(tmp_path):
    folder = tmp_path / "none"
    folder.mkdir()
    return folder


class Primary(Server):
    """Gives zones over TLS to whom `allow` says."""

    def __init__(self, zones, authority, folder, allow, more=""):
        self.tls_port = free_port()
        certificate, key = authority.issue(SERVER)
        path = folder / "primary.toml"
        path.write_text(
            f'[serve]\ntls_listen = ["127.0.0.1:{self.tls_port}"]\n'
            f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'
            f'client_ca = "{authority.certificate}"\n'
            f'[[key]]\nname = "{peers.KEY_NAME}"\nsecret = "{peers.SECRET}"\n'
            f'[transfer]\nallow = [{", ".join(repr(each) for each in allow)}]\n{more}')
        super().__init__(zones, "--settings", path)


def secondary_settings(folder, port, profile, key=False):
    path = folder / "secondary.toml"
    path.write_text(
        f'[[key]]\nname = "{peers.KEY_NAME}"\nsecret = "{peers.SECRET}"\n'
        f'[transfer]\ndirectory = "{folder / "copies"}"\n'
        f'[[secondary]]\nzone = "{ZONE}"\nprimaries = ["127.0.0.1:{port}"]\ntls = "hidden"\n'
        + (f'key = "{peers.KEY_NAME}"\n' if key else "")
        + f'[[tls.profile]]\nname = "hidden"\n{profile}')
    return path


def right_profile(authority, client=CLIENT):
    certificate, key = authority.issue(client)
    return (f'server_name = "{SERVER}"\nca = "{authority.certificate}"\n'
            f'certificate = "{certificate}"\nkey = "{key}"\n')


@pytest.mark.parametrize("entry", [f"tls:{CLIENT}", f"127.0.0.1 tls:{CLIENT}", "PIN",
                                   f"key:{peers.KEY_NAME} tls"])
def test_a_zone_and_its_change_come_over_tls(zones, authority, tmp_path, empty, entry):
    profile = right_profile(authority)
    if entry == "PIN":
        entry = "tls:" + stream.pin(authority.folder / f"{CLIENT}.pem")
    with Primary(zones, authority, tmp_path, [entry]) as primary:
        settings = secondary_settings(tmp_path, primary.tls_port, profile, key="key:" in entry)
        with Server(empty, "--settings", settings) as ours:
            peers.wait_until(lambda: peers.serial_at(ours.port, ZONE) == 7, "the transfer")
            path = zones / f"{ZONE}.zone"
            path.write_text(path.read_text().replace("hostmaster 7 ", "hostmaster 8 "))
            primary.reload()
            notify = dns.message.make_query(ZONE, "SOA")
            notify.set_opcode(dns.opcode.NOTIFY)
            dns.query.udp(notify, "127.0.0.1", port=ours.port, timeout=10)
            peers.wait_until(lambda: peers.serial_at(ours.port, ZONE) == 8, "the change")


@pytest.mark.parametrize("case, word", [
    ("another name", "hostname mismatch"),
    ("another CA", "certificate"),
    ("a wrong pin", "certificate"),
    ("no certificate", "REFUSED"),
    ("a stranger's certificate", "REFUSED"),
    ("plain DNS", "no answer in time"),
])
def test_what_is_not_proven_gets_nothing(zones, authority, tmp_path, empty, case, word):
    profile = right_profile(authority)
    other = stream.Authority(tmp_path / "others")
    if case == "another name":
        profile = profile.replace(f'server_name = "{SERVER}"', 'server_name = "other.example"')
    elif case == "another CA":
        profile = profile.replace(str(authority.certificate), str(other.certificate))
    elif case == "a wrong pin":
        profile += f'pins = ["{stream.pin(other.certificate)}"]\n'
    elif case == "no certificate":
        profile = "".join(line + "\n" for line in profile.splitlines()
                          if not line.startswith(("certificate", "key")))
    elif case == "a stranger's certificate":
        certificate, key = other.issue(CLIENT)
        profile = (f'server_name = "{SERVER}"\nca = "{authority.certificate}"\n'
                   f'certificate = "{certificate}"\nkey = "{key}"\n')
    with Primary(zones, authority, tmp_path, [f"tls:{CLIENT}"]) as primary:
        port = primary.port if case == "plain DNS" else primary.tls_port
        with Server(empty, "--settings", secondary_settings(tmp_path, port, profile)) as ours:
            assert word in ours.wait_for_event("secondary_failed")
            query = dns.message.make_query(ZONE, "SOA")
            answer = dns.query.udp(query, "127.0.0.1", port=ours.port, timeout=10)
            assert answer.rcode() == dns.rcode.SERVFAIL


def test_what_is_for_tls_is_not_given_in_the_clear(zones, authority, tmp_path):
    with Primary(zones, authority, tmp_path, [f"key:{peers.KEY_NAME} tls"]) as primary:
        with pytest.raises(dns.xfr.TransferError):
            peers.transfer(primary.port, ZONE)


def test_kdig_gets_a_zone_with_its_certificate_alone(zones, authority, tmp_path):
    certificate, key = authority.issue(CLIENT)
    with Primary(zones, authority, tmp_path, [f"tls:{CLIENT}"]) as primary:
        command = ["kdig", "@127.0.0.1", "-p", str(primary.tls_port),
                   f"+tls-ca={authority.certificate}",
                   f"+tls-hostname={SERVER}", ZONE, "AXFR"]
        with_one = [*command[:-2], f"+tls-certfile={certificate}", f"+tls-keyfile={key}",
                    *command[-2:]]
        done = subprocess.run(with_one, capture_output=True, text=True, timeout=60)
        assert "mail.odd.example." in done.stdout, done.stdout + done.stderr
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert "mail.odd.example." not in done.stdout


def test_several_transfers_share_a_connection(zones, authority, tmp_path):
    certificate, key = authority.issue(CLIENT)
    context = stream.tls_context(authority.certificate)
    context.load_cert_chain(certificate, key)
    with Primary(zones, authority, tmp_path, [f"tls:{CLIENT}"]) as primary:
        with stream.tls(primary.tls_port, context, SERVER) as client:
            for number, zone in enumerate([ZONE, "large.example", ZONE]):
                client.sendall(stream.frame(stream.query(zone, "AXFR", number=number)))
            soas = [0, 0, 0]
            while min(soas) < 2:
                message = dns.message.from_wire(stream.read_message(client), xfr=True)
                soas[message.id] += sum(
                    rrset.rdtype == dns.rdatatype.SOA for rrset in message.answer
                    for _ in rrset)
                assert message.rcode() == dns.rcode.NOERROR


def test_all_zones_of_a_primary_come_on_one_connection(zones, authority, tmp_path, empty):
    names = [ZONE] + [f"member{number}.example" for number in range(20)]
    for name in names[1:]:
        (zones / f"{name}.zone").write_text((zones / "large.example.zone").read_text())
    profile = right_profile(authority)
    with Primary(zones, authority, tmp_path, [f"tls:{CLIENT}"]) as primary:
        settings = secondary_settings(tmp_path, primary.tls_port, profile)
        settings.write_text(settings.read_text() + "".join(
            f'[[secondary]]\nzone = "{name}"\ntls = "hidden"\n'
            f'primaries = ["127.0.0.1:{primary.tls_port}"]\n' for name in names[1:]))
        with Server(empty, "--settings", settings) as ours:
            for name in names:
                peers.wait_until(lambda name=name: peers.serial_at(ours.port, name) == 7, name)
        lines = [primary.wait_for_event("transfer_sent") for _ in names]
        assert len({re.search(r"peer=(\S+)", line)[1] for line in lines}) == 1


def test_an_older_tls_carries_no_zones(zones, authority, tmp_path):
    certificate, key = authority.issue(CLIENT)
    context = stream.tls_context(authority.certificate)
    context.maximum_version = context.minimum_version = stream.ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    with Primary(zones, authority, tmp_path, [f"tls:{CLIENT}", "127.0.0.1"]) as primary:
        with stream.tls(primary.tls_port, context, SERVER) as client:
            wire = stream.ask(client, stream.query(ZONE, "AXFR"))
            assert dns.message.from_wire(wire).rcode() == dns.rcode.REFUSED
            assert dns.message.from_wire(stream.ask(client, stream.query(ZONE))).answer


class TlsBind(peers.Bind):
    """BIND with mutual TLS on both ends."""

    def __init__(self, folder, authority):
        super().__init__(folder)
        self.authority = authority
        self.tls_port = free_port()

    def tls_lines(self, name, more):
        certificate, key = self.authority.issue(name, f"bind-{name}")
        return (f'    cert-file "{certificate}";\n    key-file "{key}";\n'
                f'    ca-file "{self.authority.certificate}";\n'
                f'    protocols {{ TLSv1.3; }};\n{more}')

    def as_secondary(self, zone, primary_port):
        self.configure(f"""
tls to-primary {{
{self.tls_lines(CLIENT, f'    remote-hostname "{SERVER}";')}
}};
zone "{zone}" {{
    type secondary;
    file "{zone}.copy";
    primaries {{ 127.0.0.1 port {primary_port} tls to-primary; }};
    allow-notify {{ 127.0.0.1; }};
}};
""")
        return self

    def as_primary(self, zone, file, secondary_port):
        self.keep(zone, file)
        self.configure(f"""
tls own {{
{self.tls_lines(SERVER, "")}
}};
zone "{zone}" {{
    type primary;
    file "{zone}.zone";
    allow-transfer port {self.tls_port} transport tls {{ any; }};
    notify explicit;
    also-notify {{ 127.0.0.1 port {secondary_port}; }};
}};
""")
        config = self.folder / "named.conf"
        config.write_text(config.read_text().replace(
            "    listen-on-v6", f"    listen-on port {self.tls_port} tls own {{ 127.0.0.1; }};\n"
            "    listen-on-v6"))
        return self


def test_bind_takes_a_zone_and_its_change(zones, authority, tmp_path):
    peer = TlsBind(tmp_path / "peer", authority)
    notify = f'notify = ["127.0.0.1:{peer.port}"]\n'
    with Primary(zones, authority, tmp_path, [f"tls:{CLIENT}"], notify) as primary:
        with peer.as_secondary(ZONE, primary.tls_port):
            peers.wait_until(lambda: peers.serial_at(peer.port, ZONE) == 7, "the transfer")
            path = zones / f"{ZONE}.zone"
            path.write_text(path.read_text().replace("hostmaster 7 ", "hostmaster 8 "))
            primary.reload()
            peers.wait_until(lambda: peers.serial_at(peer.port, ZONE) == 8, "the change")


def test_bind_gives_a_zone_and_its_change(zones, authority, tmp_path, empty):
    peer = TlsBind(tmp_path / "peer", authority)
    settings = secondary_settings(tmp_path, peer.tls_port, right_profile(authority))
    with Server(empty, "--settings", settings) as ours:
        with peer.as_primary(ZONE, zones / f"{ZONE}.zone", ours.port):
            peers.wait_until(lambda: peers.serial_at(ours.port, ZONE) == 7, "the transfer")
            peer.change()
            peers.wait_until(lambda: peers.serial_at(ours.port, ZONE) == 8, "the change", 25)


def test_bind_that_wants_a_certificate_gives_nothing_without(zones, authority, tmp_path, empty):
    peer = TlsBind(tmp_path / "peer", authority)
    profile = f'server_name = "{SERVER}"\nca = "{authority.certificate}"\n'
    settings = secondary_settings(tmp_path, peer.tls_port, profile)
    with Server(empty, "--settings", settings) as ours:
        with peer.as_primary(ZONE, zones / f"{ZONE}.zone", ours.port):
            peers.wait_until(lambda: peers.serial_at(peer.port, ZONE) == 7, "the start of BIND")
            peers.wait_until(
                lambda: "TLS" in ours.wait_for_event("secondary_failed"), "the refusal")
