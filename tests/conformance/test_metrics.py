"""The statistics from outside: the metrics that a collector reads, and the status on the socket."""

import re
import socket
import urllib.error
import urllib.request

import dns.flags
import dns.message
import dns.query
import pytest
from server import Server, free_port
from test_program import Control

ZONE = """$TTL 300
@ SOA ns1 host 7 3600 600 86400 60
@ NS ns1
ns1 A 192.0.2.1
sub NS ns.sub
ns.sub A 192.0.2.2
"""

LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)$")


def parse(text):
    """Samples of the text format, strictly read: {(name, frozenset of labels): value}."""
    kinds, samples = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds, f"{name} is described twice"
            assert kind in ("counter", "gauge", "histogram", "summary")
            kinds[name] = kind
            continue
        if line.startswith("# HELP ") or not line:
            continue
        found = SAMPLE.match(line)
        assert found, f"not a sample: {line}"
        name, labels, value = found.groups()
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        assert name in kinds or kinds.get(base) in ("histogram", "summary"), f"{name} has no TYPE"
        key = (name, frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")))
        assert key not in samples, f"{key} stands twice"
        samples[key] = float(value)
    return samples


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        return parse(answer.read().decode())


def value(samples, name, **labels):
    return samples.get((name, frozenset(labels.items())), 0)


@pytest.fixture(name="zones")
def zone_folder(tmp_path):
    folder = tmp_path / "zones"
    folder.mkdir()
    for name in ("one.test", "two.test", "three.test"):
        (folder / f"{name}.zone").write_text(ZONE)
    return folder


def settings(folder, port, more=""):
    path = folder / "settings.toml"
    path.write_text(f'[metrics]\nlisten = "127.0.0.1:{port}"\n{more}')
    return path


def ask(server, name, kind="A", how=dns.query.udp, host="127.0.0.1", **options):
    return how(dns.message.make_query(name, kind, **options), host, timeout=10, port=server.port)


def test_every_question_is_counted(zones, tmp_path):
    port = free_port()
    with Server(zones, "--settings", settings(tmp_path, port), "--pop", "sin", "--node", "sin1",
                threads=2) as server:
        before = scrape(port)
        for _ in range(5):
            ask(server, "ns1.one.test")
        ask(server, "ns1.one.test", how=dns.query.tcp)
        ask(server, "ns1.one.test", host="::1")
        ask(server, "none.one.test")
        ask(server, "www.sub.two.test", "AAAA", want_dnssec=True)
        ask(server, "elsewhere.test", "MX")
        after = scrape(port)

        def grown(name, **labels):
            return value(after, name, **labels) - value(before, name, **labels)

        assert grown("nearcast_queries_total", transport="udp", family="ipv4") == 8
        assert grown("nearcast_queries_total", transport="tcp", family="ipv4") == 1
        assert grown("nearcast_queries_total", transport="udp", family="ipv6") == 1
        assert grown("nearcast_queries_by_type_total", type="A") == 8
        assert grown("nearcast_queries_by_type_total", type="AAAA") == 1
        assert grown("nearcast_queries_by_edns_total", edns="dnssec_ok") == 1
        assert grown("nearcast_responses_total", rcode="noerror") == 8
        assert grown("nearcast_responses_total", rcode="nxdomain") == 1
        assert grown("nearcast_responses_total", rcode="refused") == 1
        assert grown("nearcast_outcomes_total", outcome="referral") == 1
        assert grown("nearcast_zone_queries_total", zone="one.test.") == 8
        assert grown("nearcast_zone_outcomes_total", zone="two.test.", outcome="referral") == 1
        assert grown("nearcast_query_size_bytes_count") == 10
        assert grown("nearcast_response_size_bytes_bucket", le="+Inf") == 10
        assert value(after, "nearcast_zones") == 3
        assert value(after, "nearcast_events_total", event="zone_loaded") == 3
        assert [key for key in after if key[0] == "nearcast_server_info"
                and {("pop", "sin"), ("node", "sin1")} <= key[1]]


def test_only_the_busiest_zones_have_lines(zones, tmp_path):
    port = free_port()
    path = settings(tmp_path, port, "zone_labels_max = 2\n")
    with Server(zones, "--settings", path) as server:
        for name, count in (("one.test", 1), ("two.test", 3), ("three.test", 2)):
            for _ in range(count):
                ask(server, f"ns1.{name}")
        told = {dict(labels)["zone"]: count for (name, labels), count in scrape(port).items()
                if name == "nearcast_zone_queries_total"}
        assert told == {"two.test.": 3, "three.test.": 2}


def test_a_taken_port_is_told_and_stops_nothing(zones, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Server(zones, "--settings", settings(tmp_path, port)) as server:
            told = [line for line in server.log if "metrics_not_offered" in line]
            assert f"127.0.0.1:{port}" in told[0]
            assert ask(server, "ns1.one.test").answer


def test_a_scraper_that_says_nothing_holds_up_nobody(zones, tmp_path):
    port = free_port()
    with Server(zones, "--settings", settings(tmp_path, port)) as server:
        with socket.create_connection(("127.0.0.1", port)):
            assert value(scrape(port), "nearcast_zones") == 3
            assert ask(server, "ns1.one.test").answer


def test_the_status_has_the_same_numbers(zones, tmp_path):
    control = tmp_path / "control.sock"
    with Server(zones, "--control", control) as server:
        ask(server, "ns1.one.test")
        status = Control(control).ask("status")
        queries = status["metrics"]["nearcast_queries_total"]
        assert {"transport": "udp", "family": "ipv4", "value": 1.0} in queries
        assert status["metrics"]["nearcast_zone_queries_total"] == [
            {"zone": "one.test.", "value": 1.0}]


def test_without_the_setting_nothing_listens(zones):
    port = free_port()
    with Server(zones):
        with pytest.raises(urllib.error.URLError):
            scrape(port)
