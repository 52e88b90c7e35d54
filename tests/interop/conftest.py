"""What every test here finds: the server of ours, and zones to carry about."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "conformance")]

from peers import KEY_NAME, SECRET  # noqa: E402

ODD_ZONE = r"""$TTL 300
@ SOA ns1 hostmaster 7 60 30 3600 60
@ NS ns1
@ NS ns2.example.net.
@ MX 10 mail
ns1 A 192.0.2.1
mail A 192.0.2.2
mail AAAA 2001:db8::2
*.wild TXT "any" "string \" with \092 marks"
deep.empty.name TXT "x"
sub NS ns.sub
ns.sub A 192.0.2.3
sub DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000
_sip._tcp SRV 0 5 5060 mail
odd\.dot TXT "a dot in a label"
\000\255 TXT "any byte"
unknown TYPE65280 \# 4 01020304
https HTTPS 1 . alpn=h2,h3
caa CAA 0 issue "ca.example.net"
naptr NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:info@example.org!" .
alias CNAME mail
tree DNAME other.example.net.
"""


@pytest.fixture
def zones(tmp_path):
    """A folder with the zones odd.example and large.example."""
    folder = tmp_path / "zones"
    folder.mkdir()
    (folder / "odd.example.zone").write_text(ODD_ZONE)
    hosts = "".join(f"host{i} A 192.0.2.{i % 250}\nhost{i} TXT \"{'x' * (i % 200)}\"\n"
                    for i in range(3000))
    head = "$TTL 300\n@ SOA ns1 hostmaster 7 60 30 3600 60\n@ NS ns1\nns1 A 192.0.2.1\n"
    (folder / "large.example.zone").write_text(head + hosts)
    return folder


@pytest.fixture
def transfers(tmp_path):
    """Writes the sections for transfers behind one for the key; returns the file.

    Zones are kept in a folder of the test's own, unless the text names one."""
    def write(text):
        path = tmp_path / "transfers.toml"
        if "directory =" not in text:
            section = f'[transfer]\ndirectory = "{tmp_path / "kept"}"\n'
            text = (text.replace("[transfer]\n", section) if "[transfer]\n" in text
                    else text + section)
        path.write_text(f'[[key]]\nname = "{KEY_NAME}"\nsecret = "{SECRET}"\n{text}')
        return path
    return write
