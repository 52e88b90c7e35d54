"""Real clients, unchanged: lego with pebble, lexicon, ddclient, inadyn."""

import os
import re
import subprocess

import peers
from controller import Controller
from server import free_port

ZONE = "example.com."


def run(*words, environment=None, folder=None, limit=180):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=limit, env=os.environ | (environment or {}), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Pebble:
    """An ACME server that asks our hidden primary for challenges."""

    def __init__(self, folder, dns_port):
        self.folder = folder
        self.port, self.management_port = free_port(), free_port()
        self.certificate, self.key = folder / "pebble.pem", folder / "pebble.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out",
            self.certificate)
        self.config = folder / "pebble.json"
        self.config.write_text(
            '{"pebble": {"listenAddress": "127.0.0.1:%d", "managementListenAddress": "127.0.0.1:%d",'
            '"certificate": "%s", "privateKey": "%s", "httpPort": 5002, "tlsPort": 5001,'
            '"ocspResponderURL": "", "externalAccountBindingRequired": false}}'
            % (self.port, self.management_port, self.certificate, self.key))
        self.dns_port = dns_port

    def __enter__(self):
        self.log = open(self.folder / "pebble.log", "w")
        self.process = subprocess.Popen(
            ["pebble", "-config", self.config, "-dnsserver", f"127.0.0.1:{self.dns_port}"],
            stdout=self.log, stderr=subprocess.STDOUT,
            env=os.environ | {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"})
        peers.wait_until(lambda: "ACME directory available" in
                         (self.folder / "pebble.log").read_text(), "the start of pebble")
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        if kind is not None:
            print((self.folder / "pebble.log").read_text())


def test_lego_gets_a_certificate_for_a_wildcard(tmp_path):
    with Controller(tmp_path / "control") as controller:
        controller.create(nameservers=["ns1.example.com."], rrsets=[
            {"name": "ns1.example.com.", "type": "A", "ttl": 300,
             "records": [{"content": "127.0.0.1", "disabled": False}]}])
        with Pebble(tmp_path, controller.port) as pebble:
            run("lego", "--accept-tos", "--email", "admin@example.com", "--path",
                tmp_path / "lego", "--server", f"https://localhost:{pebble.port}/dir", "--dns",
                "pdns", "--dns.disable-cp", "--dns.resolvers", f"127.0.0.1:{controller.port}",
                "--domains", "example.com", "--domains", "*.example.com", "run",
                environment={"PDNS_API_URL": f"http://127.0.0.1:{controller.api_port}",
                             "PDNS_API_KEY": controller.key, "PDNS_POLLING_INTERVAL": "1",
                             "LEGO_CA_CERTIFICATES": str(pebble.certificate)})
        text = run("openssl", "x509", "-noout", "-text", "-in",
                   tmp_path / "lego/certificates/example.com.crt")
        assert "DNS:*.example.com" in text
        assert controller.rrset("_acme-challenge.example.com.", "TXT") is None, "cleaned up"


def lexicon(controller, *words):
    return run("/usr/bin/python3", "/usr/bin/lexicon", "powerdns", *words, environment={
        "LEXICON_POWERDNS_TOKEN": controller.key,
        "LEXICON_POWERDNS_PDNS_SERVER": f"http://127.0.0.1:{controller.api_port}"})


def test_lexicon_keeps_records(tmp_path):
    with Controller(tmp_path) as controller:
        controller.create(kind="Master")
        lexicon(controller, "create", "example.com", "TXT", "--name", "challenge", "--content",
                "token", "--ttl", "300")
        assert controller.rrset("challenge.example.com.", "TXT") == ['"token"']
        listed = lexicon(controller, "list", "example.com", "TXT")
        assert re.search(r"challenge\.example\.com", listed)
        lexicon(controller, "create", "example.com", "TXT", "--name", "challenge", "--content",
                "other", "--ttl", "300")
        assert set(controller.rrset("challenge.example.com.", "TXT")) == {'"token"', '"other"'}
        lexicon(controller, "delete", "example.com", "TXT", "--name", "challenge", "--content",
                "token")
        assert controller.rrset("challenge.example.com.", "TXT") == ['"other"']
        lexicon(controller, "delete", "example.com", "TXT", "--name", "challenge")
        assert controller.rrset("challenge.example.com.", "TXT") is None


def test_ddclient_tells_an_address(tmp_path):
    with Controller(tmp_path / "control") as controller:
        controller.create()
        config = tmp_path / "ddclient.conf"
        config.write_text(f"""daemon=0
ssl=no
use=ip, ip=192.0.2.7
protocol=dyndns2
server=127.0.0.1:{controller.api_port}
login=anybody
password={controller.key}
home.example.com
""")
        config.chmod(0o600)
        run("ddclient", "-file", config, "-cache", tmp_path / "ddclient.cache", limit=60)
        # It goes on in the background when the command has ended.
        peers.wait_until(lambda: controller.rrset("home.example.com.", "A") == ["192.0.2.7"],
                         "the update")


def test_inadyn_tells_an_address(tmp_path):
    with Controller(tmp_path / "control") as controller:
        controller.create()
        config = tmp_path / "inadyn.conf"
        config.write_text(f"""
custom nearcast {{
    username = anybody
    password = {controller.key}
    ddns-server = 127.0.0.1:{controller.api_port}
    ddns-path = "/nic/update?hostname=%h&myip=%i"
    hostname = home.example.com
    ssl = false
    checkip-command = "/bin/echo 192.0.2.8"
}}
""")
        config.chmod(0o600)
        run("inadyn", "--once", "--force", "--foreground", "--config", config, "--cache-dir",
            tmp_path, "--no-pidfile", "--loglevel", "debug")
        assert controller.rrset("home.example.com.", "A") == ["192.0.2.8"]
