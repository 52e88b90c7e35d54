"""A certificate by dns-01: changed at the lab's controller, asked for at the service address."""

import tomllib
import urllib.parse

from acme import Pebble, run
from relay import Relay
from server import wait_until
from test_control import nearcast

CITY = "tokyo"
NAME = "acme.example.org"
SERVICE = "192.0.2.53"
CONTEXTS = "/run/nearcast/lab/nearcast/contexts.toml"


def controller():
    """The door to the API on this machine, the key, and the CA by which it is known."""
    with open(CONTEXTS, "rb") as file:
        context = tomllib.load(file)["context"][0]
    url = urllib.parse.urlsplit(context["url"])
    return (url.hostname, url.port), context["key"], context["ca"]


def challenge(lab):
    return lab.read("dig", CITY, "_acme-challenge." + NAME, "TXT")


def test_a_ca_in_a_city_finds_the_challenge_at_the_service_address(lab, tmp_path):
    door, key, ca = controller()
    # Names of name servers are looked up there, too: nothing else is reached from a city.
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(f"nameserver {SERVICE}\n")
    inside = ["ip", "netns", "exec", "nclab-" + CITY]
    with_resolver = ["sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolver]
    try:
        with (Relay("nclab-" + CITY, door) as api,
              Pebble(tmp_path, SERVICE + ":53", inside) as pebble):
            said = run(*inside, *with_resolver,
                       "lego", "--accept-tos", "--email", "admin@example.org", "--path",
                       tmp_path / "lego", "--server", f"https://localhost:{pebble.port}/dir",
                       "--dns", "pdns", "--dns.resolvers", SERVICE + ":53",
                       "--domains", NAME, "--domains", "*." + NAME, "run",
                       environment={"PDNS_API_URL": f"https://127.0.0.1:{api.port}",
                                    "PDNS_API_KEY": key, "PDNS_POLLING_INTERVAL": "1",
                                    "LEGO_CA_CERTIFICATES": str(pebble.certificate),
                                    "SSL_CERT_FILE": ca})
        assert "The server validated our request" in said
        text = run("openssl", "x509", "-noout", "-text", "-in",
                   tmp_path / f"lego/certificates/{NAME}.crt")
        assert "Issuer: CN = Pebble" in text and f"DNS:*.{NAME}" in text
        wait_until(lambda: challenge(lab)["rcode"] == "NXDOMAIN", "that lego cleaned up")
        log = nearcast(lab, "zone", "history", "example.org")
        assert "key:admin" in log
    finally:
        if challenge(lab)["rcode"] != "NXDOMAIN":
            nearcast(lab, "record", "delete", "example.org", "_acme-challenge.acme", "TXT")
