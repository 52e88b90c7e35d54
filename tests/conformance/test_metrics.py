"""The statistics from outside: the metrics that a collector reads, and the status on the socket."""

import pathlib
import re
import socket
import subprocess
import urllib.error
import urllib.request

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.update
import pytest
from server import Server, free_port, nearcast, wait_until
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
        assert grown("nearcast_zone_queries_by_type_total", zone="one.test.", type="A") == 8
        assert grown("nearcast_zone_queries_by_type_total", zone="two.test.", type="AAAA") == 1
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


def test_connections_are_counted_with_their_ends(zones, tmp_path):
    port = free_port()
    path = settings(tmp_path, port, '[serve]\ntcp_idle_limit = "1s"\n'
                    "tcp_prefix_connections_max = 2\ntcp_prefix_v4 = 32\n")
    with Server(zones, "--settings", path) as server:
        def ended(reason):
            return value(scrape(port), "nearcast_tcp_connections_ended_total", transport="tcp",
                         reason=reason)

        ask(server, "ns1.one.test", how=dns.query.tcp)
        wait_until(lambda: ended("client") == 1)
        open_ones = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        wait_until(lambda: ended("prefix_limit") == 1)
        wait_until(lambda: ended("idle") == 2)
        open_ones.append(socket.create_connection(("127.0.0.1", server.port)))
        open_ones[-1].sendall(b"\0\x40part of a question")
        wait_until(lambda: ended("slow") == 1)
        assert value(scrape(port), "nearcast_tcp_connections_accepted_total",
                     transport="tcp") == 5
        for each in open_ones:
            each.close()


def test_zones_are_counted_by_their_state(zones, tmp_path):
    port = free_port()
    path = settings(tmp_path, port, f'[store]\ndirectory = "{tmp_path / "store"}"\n'
                    '[[secondary]]\nzone = "never.test"\nprimaries = ["127.0.0.1:9"]\n')
    (zones / "two.test.zone").write_text(
        ZONE + "@ RRSIG SOA 13 2 300 20300101000000 20250101000000 1 two.test. q80=\n")
    with Server(zones, "--settings", path) as server:
        wait_until(lambda: value(scrape(port), "nearcast_zones_by_state", state="servfail") == 1)
        found = scrape(port)
        assert value(found, "nearcast_zones_by_state", state="served") == 3
        assert value(found, "nearcast_signatures_expire_timestamp_seconds") == 1893456000
        assert value(found, "nearcast_zone_image_bytes") > 1000
        assert value(found, "nearcast_zone_journal_bytes") == 0
        (zones / "one.test.zone").write_text(ZONE.replace(" 7 ", " 8 ") + "new A 192.0.2.9\n")
        server.reload()
        wait_until(lambda: value(scrape(port), "nearcast_zone_journal_bytes") > 0)
        assert value(scrape(port), "nearcast_store_bytes") > value(found, "nearcast_zone_image_bytes")


def test_transfers_notices_and_updates_are_counted_at_both_ends(zones, tmp_path):
    """one.test goes to a secondary, is changed there by way of an update, and goes as changes."""
    ports = {"primary": free_port(), "secondary": free_port()}
    metrics = {"primary": free_port(), "secondary": free_port()}
    files = {}
    for name, text in [
        ("primary", f'[transfer]\nallow = ["127.0.0.1"]\nnotify = ["127.0.0.1:{ports["secondary"]}"'
         ']\n[[transfer.zone]]\nzone = "two.test"\nallow = []\nnotify = []\n'
         '[[update.zone]]\nzone = "one.test"\nallow = ["127.0.0.1"]\n'),
        ("secondary", "".join(f'[[secondary]]\nzone = "{zone}.test"\nprimaries = '
                              f'["127.0.0.1:{ports["primary"]}"]\n' for zone in ("one", "two"))),
    ]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "zones").mkdir()
        files[name] = settings(tmp_path / name, metrics[name],
                               f'[store]\ndirectory = "{tmp_path / name / "store"}"\n{text}')

    def count(name, metric, **labels):
        return value(scrape(metrics[name]), metric, **labels)

    with (Server(zones, "--settings", files["primary"], port=ports["primary"]) as primary,
          Server(tmp_path / "secondary" / "zones", "--settings", files["secondary"],
                 port=ports["secondary"])):
        wait_until(lambda: count("secondary", "nearcast_transfers_in_total", result="zone") == 1)
        wait_until(lambda: count("secondary", "nearcast_transfers_in_total", result="refused") >= 1)
        assert count("secondary", "nearcast_transfers_in_bytes_total") > 100
        wait_until(lambda: count("primary", "nearcast_transfers_out_total", content="zone",
                                 result="sent") == 1)
        assert count("primary", "nearcast_transfers_out_total", content="zone",
                     result="refused") >= 1
        assert count("primary", "nearcast_transfers_out_bytes_total") > 100
        for zone, rcode in (("one.test", "noerror"), ("three.test", "refused")):
            update = dns.update.Update(zone)
            update.add("new", 300, "A", "192.0.2.7")
            answered = dns.query.tcp(update, "127.0.0.1", timeout=10, port=primary.port)
            assert dns.rcode.to_text(answered.rcode()).lower() == rcode
            assert count("primary", "nearcast_updates_total", rcode=rcode) == 1
        wait_until(lambda: count("secondary", "nearcast_transfers_in_total", result="changes") == 1)
        wait_until(lambda: count("primary", "nearcast_transfers_out_total", content="changes",
                                 result="sent") == 1)
        assert count("secondary", "nearcast_notifies_in_total", rcode="noerror") >= 1
        wait_until(lambda: count("primary", "nearcast_notifies_out_total",
                                 result="acknowledged") >= 1)
        # The secondary has no such zone: it says so.
        wait_until(lambda: count("primary", "nearcast_notifies_out_total", result="refused") >= 1)


def test_changes_that_fit_in_no_datagram_are_counted_where_they_are_sent(zones, tmp_path):
    """The SOA alone may mean "ask over TCP" (RFC 1995 §4), and not "you have the newest"."""
    port = free_port()
    path = settings(tmp_path, port, '[transfer]\nallow = ["127.0.0.1"]\n')

    def out(**labels):
        return value(scrape(port), "nearcast_transfers_out_total", **labels)

    with Server(zones, "--settings", path) as server:
        for serial, current in ((7, 1), (1, 1), (7, 2)):
            query = dns.message.make_query("one.test", "IXFR")
            query.authority = [dns.rrset.from_text("one.test.", 0, "IN", "SOA",
                                                   f". . {serial} 0 0 0 0")]
            answer = dns.query.udp(query, "127.0.0.1", timeout=10, port=server.port)
            assert [each.rdtype for each in answer.answer] == [dns.rdatatype.SOA]
            wait_until(lambda: out(content="changes", result="current") == current)
        assert out(content="changes", result="sent") == 0


def test_the_networks_that_ask_most_are_told(zones, tmp_path):
    """Of the last whole minute: this waits for one to end."""
    port, control = free_port(), tmp_path / "control.sock"
    with Server(zones, "--settings", settings(tmp_path, port), "--control", control) as server:
        told = subprocess.run([nearcast(), "node", "talkers", "--control", control],
                              capture_output=True, text=True, check=True, timeout=60).stdout
        assert "nobody" in told
        wire = dns.message.make_query("ns1.one.test", "A").to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", server.port))
            client.settimeout(10)
            for _ in range(2000):
                client.send(wire)
                client.recv(4096)
        wait_until(lambda: Control(control).ask("talkers")["talkers"], seconds=90)
        talker, = Control(control).ask("talkers")["talkers"]
        assert talker["network"] == "127.0.0.0/24"
        told = subprocess.run([nearcast(), "node", "talkers", "--control", control],
                              capture_output=True, text=True, check=True, timeout=60).stdout
        assert told.startswith("127.0.0.0/24 ")
        assert value(scrape(port), "nearcast_talker_queries", network="127.0.0.0/24") > 0


NAME = re.compile(r"^nearcast_[a-z0-9]+(_[a-z0-9]+)*$")
UNITS = ("_bytes", "_seconds")
NO_UNITS = ("_milliseconds", "_ms", "_kib", "_percent", "_count", "_sum", "_bucket", "_info")


def test_names_and_texts_are_as_prometheus_wants_them(zones, tmp_path):
    """What `promtool check metrics` finds fault with, which is not in each system."""
    port = free_port()
    path = settings(tmp_path, port, f'[dnstap]\nfile = "{tmp_path / "tap.fstrm"}"\n')
    with Server(zones, "--settings", path) as server:
        ask(server, "ns1.one.test")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    kinds = dict(line.split(" ")[2:] for line in text.splitlines() if line.startswith("# TYPE"))
    helps = dict(line.split(" ", 3)[2:] for line in text.splitlines() if line.startswith("# HELP"))
    ours = {name: kind for name, kind in kinds.items() if name.startswith("nearcast_")}
    assert len(ours) > 35
    documented = (pathlib.Path(__file__).parents[2] / "docs/guides/metrics.md").read_text()
    for name, kind in ours.items():
        assert NAME.match(name), name
        assert helps[name].strip() and not helps[name].endswith("."), name
        assert (kind == "counter") == name.endswith("_total"), name
        stem = name.removesuffix("_total")
        assert name == "nearcast_server_info" or not stem.endswith(NO_UNITS), name
        assert not any(f"{unit}_" in f"{stem}_" and not stem.endswith(unit) for unit in UNITS), name
        assert f"`{name}`" in documented, f"{name} is not in docs/guides/metrics.md"
    of_node, _ = documented.split("## Of a controller")  # Those are seen in tests/control.
    told = set(re.findall(r"`(nearcast_[a-z_]+)`", of_node))
    # Without a signed zone, and without AF_XDP.
    hidden = {"nearcast_signatures_expire_timestamp_seconds", "nearcast_xdp_queries_total",
              "nearcast_xdp_lost_total"}
    assert told - hidden <= set(ours), told - set(ours)
