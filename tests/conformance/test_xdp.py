"""AF_XDP as an operator meets it: what it takes and what it leaves, how it starts and how it ends.

That the answers are the same as over sockets, the other tests show: CMakeLists.txt runs them both
ways. Needs root.
"""

import contextlib
import ipaddress
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.update
import pytest

import raw_frames
import wire
from server import binary, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
LIMIT = 10
ZONE = """
$TTL 300
@     SOA  ns1 host 1 3600 600 86400 60
@     NS   ns1
ns1   A    192.0.2.1
www   A    192.0.2.10
large TXT  """ + " ".join(f'"{i:0250d}"' for i in range(5)) + "\n"
RIGHTS = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13, "CAP_BPF": 39}


@pytest.fixture(name="zones")
def zone_folder(tmp_path):
    folder = tmp_path / "zones"
    folder.mkdir()
    (folder / "xdp.test.zone").write_text(ZONE)
    return folder


@contextlib.contextmanager
def opened(link):
    try:
        yield link.open()
    finally:
        link.close()


@contextlib.contextmanager
def running(link, zones, *options, command=()):
    """A server at the far end of the wire, and its log until it served."""
    process = subprocess.Popen(
        link.inside(*command, binary(), "--zones", zones, "--listen", f"{link.host}:53",
                    "--listen", f"[{link.host6}]:53", *options),
        stderr=subprocess.PIPE, text=True)
    log = []
    try:
        for line in process.stderr:
            log.append(line)
            if re.search(r"\bserving\b", line) and "xdp" not in line:
                break
        else:
            raise AssertionError("ended: " + "".join(log))
        yield process, "".join(log)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def ask(host, name="www.xdp.test", kind="A", port=53, **options):
    query = dns.message.make_query(name, kind, **options)
    return dns.query.udp(query, host, port=port, timeout=LIMIT)


def check_answers(link):
    for host in (link.host, link.host6):
        assert ask(host).answer[0][0].to_text() == "192.0.2.10"


@pytest.fixture(name="link")
def raised_wire():
    with opened(wire.Wire()) as link:
        yield link
    assert link.namespace not in wire.leftovers()


def test_queries_pass_the_sockets_by(link, zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[metrics]\nlisten = "{link.host}:9153"\n')
    with running(link, zones, "--user", "root", "--threads", "1", "--xdp", link.device,
                 "--settings", settings) as (_, log):
        assert "mode=native" in log and "queues=1" in log and "addresses=2" in log, log
        assert link.program() == "xdp"
        for _ in range(50):
            check_answers(link)
        assert link.udp_datagrams() == 0
        with urllib.request.urlopen(f"http://{link.host}:9153/metrics", timeout=LIMIT) as answer:
            told = answer.read().decode()
        assert 'nearcast_xdp_queries_total{worker="0"} 100\n' in told
        assert 'nearcast_worker_answers_total{worker="0"} 100\n' in told
        assert 'nearcast_xdp_lost_total{worker="0"} 0\n' in told


@pytest.mark.parametrize("tags", [[], [(0x8100, 100)], [(0x8100, 0x6064)],
                                  [(0x88A8, 7), (0x8100, 100)], [(0x8100, 7), (0x8100, 100)]],
                         ids=lambda tags: "-".join(f"{kind:x}.{number}" for kind, number in tags))
@pytest.mark.parametrize("version", [4, 6])
def test_an_answer_comes_back_by_the_vlan_of_its_query(link, zones, tags, version):
    ours, theirs = (link.own, link.host) if version == 4 else (link.own6, link.host6)
    message = dns.message.make_query("www.xdp.test", "A", id=0x4711).to_wire()
    server, client = link.mac(is_server=True), link.mac()
    asked = raw_frames.frame(server, client, tags,
                             raw_frames.packet(ours, theirs, (4000, 53), message))
    with running(link, zones, "--user", "root", "--xdp", link.device), \
            raw_frames.port_on(link.client) as port:
        port.settimeout(LIMIT)
        port.send(asked)
        head = raw_frames.frame(client, server, tags, (0x0800 if version == 4 else 0x86DD, b""))
        answered = raw_frames.wait_for(port, head)
        assert link.udp_datagrams() == 0
    ip = answered[len(head):]
    size = 20 if version == 4 else 40
    response = dns.message.from_wire(ip[size + 8:])
    assert response.id == 0x4711 and response.answer
    # Sums, lengths and all: the response as the test would have made it, but for its IP header.
    assert ip[size:] == raw_frames.udp(*map(ipaddress.ip_address, (theirs, ours)),
                                       (53, 4000), ip[size + 8:])
    if version == 4:
        assert raw_frames.folded_sum(ip[:20]) == 0xFFFF and ip[8] == 64


def test_a_damaged_query_is_not_answered(link, zones):
    server, client = link.mac(is_server=True), link.mac()
    with running(link, zones, "--user", "root", "--xdp", link.device), \
            raw_frames.port_on(link.client) as port:
        port.settimeout(LIMIT)
        for number, is_bad in ((1, True), (2, False)):
            message = dns.message.make_query("www.xdp.test", "A", id=number).to_wire()
            port.send(raw_frames.frame(server, client, [], raw_frames.packet(
                link.own, link.host, (4000, 53), message, spoil_sum=is_bad)))
        answered = raw_frames.wait_for(port, client + server + b"\x08\0")
        assert answered[42:44] == b"\0\2", "the good one alone"


def test_what_is_not_plain_is_left_to_the_sockets(link, zones):
    with running(link, zones, "--user", "root", "--xdp", link.device,
                 "--listen", f"{link.host}:5300"):
        seen = 0
        padding = dns.edns.GenericOption(dns.edns.OptionType.PADDING, bytes(1700))
        for host in (link.host, link.host6):  # Larger than a frame: fragments.
            assert ask(host, use_edns=0, request_payload=4096, options=[padding]).answer
            seen += 1
            assert link.udp_datagrams() == seen
        for family, host, option in (
            (socket.AF_INET, link.host, (socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([1] * 4))),
            (socket.AF_INET6, link.host6,
             (socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0]))),
        ):
            with socket.socket(family, socket.SOCK_DGRAM) as client:
                client.settimeout(LIMIT)
                client.setsockopt(*option)
                client.connect((host, 53))
                client.send(dns.message.make_query("www.xdp.test", "A").to_wire())
                assert dns.message.from_wire(client.recv(4096)).answer
            seen += 1
            assert link.udp_datagrams() == seen
        assert ask(link.host, port=5300).answer  # Another port.
        assert link.udp_datagrams() == seen + 1
        for host in (link.host, link.host6):
            query = dns.message.make_query("www.xdp.test", "A")
            assert dns.query.tcp(query, host, timeout=LIMIT).answer


@pytest.mark.parametrize("mtu, is_truncated", [(1500, False), (1320, True)])
def test_an_answer_larger_than_the_mtu_is_truncated(link, zones, tmp_path, mtu, is_truncated):
    settings = tmp_path / "settings.toml"
    settings.write_text("[serve]\nudp_payload_max = 1452\n")
    for ip, device in ((["ip"], link.client), (["ip", "-n", link.namespace], link.device)):
        wire.run(*ip, "link", "set", device, "mtu", mtu)
    with running(link, zones, "--user", "root", "--xdp", link.device, "--settings", settings):
        for host in (link.host, link.host6):
            response = ask(host, "large.xdp.test", "TXT", use_edns=0, payload=4096)
            assert bool(response.flags & dns.flags.TC) == is_truncated
        assert link.udp_datagrams() == 0


def test_killed_it_leaves_nothing_attached_and_starts_again(link, zones):
    for _ in range(3):
        with running(link, zones, "--user", "root", "--xdp", link.device) as (process, log):
            assert "xdp_serving" in log
            check_answers(link)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert link.wait_until_detached()
    with running(link, zones, "--user", "root"):
        check_answers(link)
        assert link.udp_datagrams() == 2


def test_stopped_it_leaves_nothing_attached(link, zones):
    with running(link, zones, "--user", "root", "--xdp", link.device) as (process, _):
        process.terminate()
        assert process.wait(LIMIT) == 0
        assert link.wait_until_detached()


def test_an_interface_that_goes_away_is_no_harm(link, zones):
    with running(link, zones, "--user", "root", "--xdp", link.device) as (process, _):
        check_answers(link)
        wire.run("ip", "-n", link.namespace, "link", "delete", link.device)
        assert process.poll() is None
        process.terminate()
        assert process.wait(LIMIT) == 0


def test_an_interface_that_has_no_native_xdp_works_in_generic_mode(link, zones):
    ip = ["ip", "-n", link.namespace]
    wire.run(*ip, "link", "add", "bridge0", "type", "bridge")
    wire.run(*ip, "addr", "flush", "dev", link.device)
    wire.run(*ip, "link", "set", link.device, "master", "bridge0")
    link._raise(ip, "bridge0", link.host, link.host6)
    with running(link, zones, "--user", "root", "--xdp", "bridge0") as (_, log):
        assert "xdp_generic" in log and "mode=generic" in log, log
        check_answers(link)
        assert link.udp_datagrams() == 0


def check_sockets(link, log, *words):
    line, = [line for line in log.splitlines() if "xdp_unavailable" in line]
    assert "xdp_serving" not in log
    for word in (*words, "try=", "answered over sockets"):
        assert word in line, line
    before = link.udp_datagrams()
    check_answers(link)
    assert link.udp_datagrams() == before + 2


def test_without_the_interface_sockets_answer(link, zones):
    with running(link, zones, "--user", "root", "--xdp", "nowhere0") as (_, log):
        check_sockets(link, log, "interface=nowhere0", "there is no such interface")


def test_without_the_rights_sockets_answer(link, zones):
    # Root's own folder for tests is closed to everyone else: only rights go, not the user.
    rights = "-all,+net_bind_service,+dac_read_search,+dac_override,+setpcap"
    with running(link, zones, "--user", "root", "--xdp", link.device,
                 command=["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"],
                 ) as (_, log):
        check_sockets(link, log, "CAP_BPF", "CAP_NET_RAW")


def test_where_another_program_is_attached_sockets_answer(link, zones, tmp_path):
    second = tmp_path / "second"
    with running(link, zones, "--user", "root", "--xdp", link.device):
        wire.run("ip", "-n", link.namespace, "addr", "add", "10.99.0.1/32", "dev", link.device)
        wire.run("ip", "route", "replace", "10.99.0.1/32", "via", link.host)
        second.mkdir()
        (second / "xdp.test.zone").write_text(ZONE)
        process = subprocess.Popen(
            link.inside(binary(), "--zones", second, "--listen", "10.99.0.1:53", "--user", "root",
                        "--xdp", link.device), stderr=subprocess.PIPE, text=True)
        try:
            log = ""
            while not re.search(r"\bserving\b", log):
                log += process.stderr.readline()
            assert "xdp_unavailable" in log and "try=" in log, log
            assert ask("10.99.0.1").answer
            check_answers(link)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


def test_every_queue_is_served(zones):
    with opened(wire.Wire(queues=2)) as link, \
            running(link, zones, "--user", "root", "--threads", "2",
                    "--xdp", link.device) as (_, log):
        assert "queues=2" in log, log
        for _ in range(50):  # Each from a port of its own.
            check_answers(link)
        assert link.udp_datagrams() == 0


def test_busy_polling_answers_too(link, zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("[serve]\nxdp_busy_poll = true\n")
    with running(link, zones, "--user", "root", "--xdp", link.device,
                 "--settings", settings) as (_, log):
        assert "busy_polling=yes" in log, log
        check_answers(link)
        query = dns.message.make_query("www.xdp.test", "A")
        assert dns.query.tcp(query, link.host, timeout=LIMIT).answer
        assert link.udp_datagrams() == 0


def test_a_cookie_given_by_xdp_is_good_there_and_at_sockets(link, zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('[cookies]\nrequire = "always"\n')

    def ask_with(cookie, port):
        option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
        response = ask(link.host, port=port, use_edns=0, options=[option])
        given, = [each.to_wire() for each in response.options if each.otype == option.otype]
        return response.rcode(), given

    client, badcookie = b"8 octets", 23
    with running(link, zones, "--user", "root", "--xdp", link.device, "--settings", settings,
                 "--listen", f"{link.host}:54"):
        rcode, given = ask_with(client, 53)
        assert rcode == badcookie and len(given) == 24
        assert link.udp_datagrams() == 0
        assert ask_with(given, 53) == (dns.rcode.NOERROR, given)
        assert link.udp_datagrams() == 0
        assert ask_with(given, 54) == (dns.rcode.NOERROR, given)
        assert link.udp_datagrams() == 1
        assert ask_with(client[::-1] + given[8:], 53)[0] == badcookie


def test_an_update_by_xdp_is_answered_by_a_socket(link, zones, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[store]\ndirectory = "{tmp_path}/store"\n'
                        f'[[update.zone]]\nzone = "xdp.test"\nallow = ["{link.own}"]\n')
    with running(link, zones, "--user", "root", "--xdp", link.device, "--settings", settings):
        change = dns.update.UpdateMessage("xdp.test")
        change.add("new", 60, "A", "192.0.2.77")
        response = dns.query.udp(change, link.host, timeout=LIMIT)
        assert response.rcode() == dns.rcode.NOERROR
        assert ask(link.host, "new.xdp.test").answer[0][0].to_text() == "192.0.2.77"
        assert link.udp_datagrams() == 0


def test_workers_have_no_rights_left(link, zones):
    with running(link, zones, "--user", "root", "--xdp", link.device) as (process, _):
        check_answers(link)
        for status in pathlib.Path(f"/proc/{process.pid}/task").glob("*/status"):
            for held in re.findall(r"^Cap(?:Inh|Prm|Eff|Bnd|Amb):\s+(\w+)", status.read_text(),
                                   re.MULTILINE):
                for name, bit in RIGHTS.items():
                    assert not int(held, 16) >> bit & 1, f"{status}: {name}"


NODE = """[node]
name = "sin1"
pop = "sin"
user = "nobody"
run_directory = "{home}/run"
state_directory = "{home}/state"
[zones]
directory = "{home}/zones"
[serve]
listen = ["{link.host}:53", "[{link.host6}]:53"]
threads = 1
xdp = ["{link.device}"]
[anycast]
prefixes = ["{link.host}/32", "{link.host6}/128"]
"""
# The TUN driver may be root's alone on this machine; inside, the node sees one for everybody.
OWN_TUN = ("mount -t tmpfs tmpfs /dev/net && mknod /dev/net/tun c 10 200 && "
           'chmod 666 /dev/net/tun && exec "$@"')


class Node:
    """A guard and a server, which run as nobody."""

    def __init__(self, link, home):
        path = home / "node.toml"
        path.write_text(NODE.format(link=link, home=home))
        self._log = open(home / "log", "w+b")
        self._link = link
        self._first = subprocess.Popen(
            link.inside("sh", "-c", OWN_TUN, "sh", binary(), "--config", path), stderr=self._log)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            print(self.log())
        for pid in wire.run("ip", "netns", "pids", self._link.namespace).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        self._first.wait()
        self._log.close()

    def log(self):
        self._log.seek(0)
        return self._log.read().decode()

    def wait_for(self, event, count):
        """Until the log has this event so often."""
        deadline = time.monotonic() + 6 * LIMIT
        while len(re.findall(rf"\b{event}\b", self.log())) < count:
            assert time.monotonic() < deadline, f"no {event}:\n{self.log()}"
            time.sleep(0.02)

    def kill(self, role):
        """With SIGKILL, and waits until it is gone."""
        for pid in wire.run("ip", "netns", "pids", self._link.namespace).split():
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if role.encode() in words:
                os.kill(int(pid), signal.SIGKILL)
                return
        raise AssertionError(f"there is no {role}:\n{self.log()}")


def test_a_node_has_xdp_again_however_often_its_processes_die(link):
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        home.chmod(0o755)
        (home / "zones").mkdir()
        (home / "zones" / "xdp.test.zone").write_text(ZONE)
        with Node(link, home) as node:
            node.wait_for("server_ready", 1)
            check_answers(link)
            node.kill("server")
            node.wait_for("server_ready", 2)
            node.kill("guard")
            node.wait_for("server_adopted", 1)
            node.wait_for("server_ready", 3)  # The new guard says so of the one it adopted.
            node.kill("server")  # The next is started by a guard that a server has started.
            node.wait_for("server_ready", 4)
            # The guard's own questions come by sockets, over lo.
            wait_until(link.udp_datagrams, "a question of the guard")
            for _ in range(20):
                check_answers(link)
            told = node.log()
            assert len(re.findall(r"\bxdp_serving\b", told)) == 3, told
            assert "xdp_unavailable" not in told
            assert link.program() == "xdp"
