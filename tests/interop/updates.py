"""Dynamic updates by the programs that people use, for every server that takes them."""

import subprocess

import dns.message
import dns.query
import dns.tsig
import pytest

import peers

KEY = f"hmac-sha256:{peers.KEY_NAME}:{peers.SECRET}"


def update(program, port, lines, zone, tcp=False, key=KEY):
    """Runs nsupdate or knsupdate with these lines; returns its status and all that it says."""
    script = "\n".join([f"server 127.0.0.1 {port}", f"zone {zone}", *lines, "send", ""])
    options = [*(["-v"] if tcp else []), *(["-y", key] if key else [])]
    done = subprocess.run([program, *options], input=script, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def answers(port, owner, kind):
    """The records of a set, sorted."""
    query = dns.message.make_query(owner, kind)
    response = dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
    return sorted(str(record) for rrset in response.answer for record in rrset)


def prove_with_certbot(port, zone, name=peers.KEY_NAME, secret=peers.SECRET):
    """certbot's own client: a signed SOA question over TCP, then updates over TCP."""
    plugin = pytest.importorskip("certbot_dns_rfc2136._internal.dns_rfc2136",
                                 reason="python3-certbot-dns-rfc2136 is not installed")
    client = plugin._RFC2136Client("127.0.0.1", port, name, secret, dns.tsig.HMAC_SHA256)
    owner = f"_acme-challenge.www.{zone.rstrip('.')}"
    client.add_txt_record(owner, "first", 120)
    client.add_txt_record(owner, "second", 120)
    assert answers(port, owner, "TXT") == ['"first"', '"second"']
    client.del_txt_record(owner, "first")
    assert answers(port, owner, "TXT") == ['"second"']
    client.del_txt_record(owner, "second")
    assert answers(port, owner, "TXT") == []
