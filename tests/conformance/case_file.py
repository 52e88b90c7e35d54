"""Reads case files: a zone, questions, and the answers they must get, as text.

    zone example.org
      @ 300 SOA ns1 host 1 2 3 4 300
      ...
    end

    ask www.example.org A: what it shows (RFC 1034 §4.3.2)
      rcode NOERROR
      flags AA
      answer www.example.org. 300 IN A 192.0.2.1

What stands after "ask" and before the colon: name, type, and options out of
  class=CH  tcp  edns  size=N  do  nsid  version=N  option=CODE:HEX  rd  cd  bare
Every question is asked over UDP unless it says tcp, and without EDNS unless an option needs it.
What follows must hold exactly: rcode (default NOERROR), flags out of AA TC RD CD AD (default AA),
the records of each section as sets, TTLs included. `additional *` and `authority *` accept anything.
`answer-count N` and `no-edns`, `edns-version N`, `nsid TEXT`, `udp-size-max N` check what they say.
"""

import dataclasses
import pathlib


@dataclasses.dataclass
class Case:
    file: str
    line: int
    title: str
    name: str
    rdtype: str
    options: dict
    expected: list = dataclasses.field(default_factory=list)  # (keyword, rest)

    def __str__(self):
        return f"{self.file}:{self.line}"


def parse_options(words):
    options = {}
    for word in words:
        key, _, value = word.partition("=")
        options.setdefault(key, []).append(value)
    return options


def parse_ask(path, number, text):
    head, _, title = text.partition(": ")
    name, rdtype, *words = head.split()
    return Case(path.name, number, title, name, rdtype, parse_options(words))


def read(path):
    """The zones (name -> text) and cases of one file."""
    path = pathlib.Path(path)
    zones, cases, zone = {}, [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split()
        if zone is not None:
            if line == "end":
                zone = None
            else:
                zones[zone] += (line[2:] if line.startswith("  ") else line) + "\n"
        elif not words or words[0].startswith("#"):
            continue
        elif words[0] == "zone":
            zone = words[1]
            zones[zone] = ""
        elif words[0] == "ask":
            cases.append(parse_ask(path, number, line[4:]))
        elif line.startswith("  ") and cases:
            keyword, _, rest = line.strip().partition(" ")
            cases[-1].expected.append((keyword, rest.strip()))
        else:
            raise ValueError(f"{path}:{number}: neither zone, ask nor an expectation: {line}")
    return zones, cases
