"""Real clients, unchanged: lego with pebble, lexicon, ddclient, inadyn."""

import re

import peers
from acme import Pebble, run
from controller import Controller

ZONE = "example.com."


def test_lego_gets_a_certificate_for_a_wildcard(tmp_path):
    with Controller(tmp_path / "control") as controller:
        controller.create(nameservers=["ns1.example.com."], rrsets=[
            {"name": "ns1.example.com.", "type": "A", "ttl": 300,
             "records": [{"content": "127.0.0.1", "disabled": False}]}])
        with Pebble(tmp_path, f"127.0.0.1:{controller.port}") as pebble:
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
