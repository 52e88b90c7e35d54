"""TCP from outside (RFC 7766, RFC 9210): pipelining, ends of all kinds, limits, fast open."""

import os
import random
import socket
import struct
import subprocess
import sys
import time

import dns.message
import dns.query
import dns.rcode
import pytest

import stream
from server import Server, free_port, wait_until

ZONE = "tcp.test"


@pytest.fixture(name="zones")
def zone_folder(tmp_path):
    return stream.zone_folder(tmp_path, ZONE)


@pytest.fixture(name="settings")
def settings_file(tmp_path):
    """Writes lines of the section [serve]; returns the option."""
    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(f"[serve]\n{text}\n")
        return ["--settings", path]
    return write


def test_ten_thousand_pipelined_queries_are_answered_once_each(zones):
    count = 10_000
    # Before it connects: that takes longer than an idle connection stays on a busy machine.
    output = stream.numbered(ZONE, count)
    with Server(zones) as server, stream.tcp(server.port) as client:
        stream.check_numbered(stream.exchange_all(client, output, count), count)
        client.setblocking(True)
        assert stream.ask(client, stream.query(ZONE))


def test_queries_may_be_cut_anywhere(zones):
    count = 50
    output = stream.numbered(ZONE, count)
    cuts = random.Random(7)
    with Server(zones) as server, stream.tcp(server.port) as client:
        at = 0
        while at < len(output):
            size = cuts.choice([1, 1, 2, 3, 40, 200])
            client.sendall(output[at:at + size])
            at += size
        stream.check_numbered([stream.read_message(client) for _ in range(count)], count)


def test_answers_behind_a_transfer_belong_to_their_questions(zones, tmp_path):
    """A connection changes hands in the middle of what was asked on it (RFC 7766 §6.2.1.1)."""
    path = tmp_path / "settings.toml"
    path.write_text('[transfer]\nallow = ["127.0.0.1"]\n')
    count, transfers = 300, (100, 101, 200)
    output = b"".join(
        stream.frame(stream.query(ZONE, "AXFR", number=i) if i in transfers
                     else stream.query(f"n{i % 100}.{ZONE}", "A", number=i)) for i in range(count))
    with Server(zones, "--settings", path) as server, stream.tcp(server.port) as client:
        client.sendall(output)
        client.shutdown(socket.SHUT_WR)
        answered = {}
        while wire := stream.read_message(client):
            message = dns.message.from_wire(wire)
            answered.setdefault(message.id, []).append(message)
        assert sorted(answered) == list(range(count))
        for number, messages in answered.items():
            if number in transfers:
                assert [messages[0].answer[0].rdtype, messages[-1].answer[-1].rdtype] == [6, 6]
                assert sum(len(set_) for each in messages for set_ in each.answer) > 350
                continue
            answer, = messages
            assert str(answer.answer[0].name) == f"n{number % 100}.{ZONE}."


def taken_slowly(port, zone):
    """A connection on which a transfer has begun, of which no more is read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(stream.LIMIT)
    client.connect(("127.0.0.1", port))
    client.sendall(stream.frame(stream.query(zone, "AXFR")))
    assert len(stream.read_exactly(client, 2)) == 2
    return client


def test_where_there_are_too_many_transfers_one_more_is_answered(tmp_path):
    """It costs no other question on the connection its answer (RFC 7766 §6.2.1.1)."""
    folder = tmp_path / "zones"
    folder.mkdir()
    text = "x" * 200
    (folder / f"{ZONE}.zone").write_text(  # More than sockets hold.
        "$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"
        + "".join(f'n{i} TXT "{text}"\n' for i in range(50_000)))
    path = tmp_path / "settings.toml"
    path.write_text('[transfer]\nallow = ["127.0.0.1"]\n')
    kinds = ("SOA", "AXFR", "SOA")
    with Server(folder, "--settings", path) as server:
        slow = [taken_slowly(server.port, ZONE) for _ in range(32)]
        with stream.tcp(server.port) as client:
            client.sendall(b"".join(stream.frame(stream.query(ZONE, kind, number=i))
                                    for i, kind in enumerate(kinds)))
            answers = [stream.read_message(client) for _ in kinds]
            assert [struct.unpack("!H", wire[:2])[0] for wire in answers] == [0, 1, 2]
            assert [wire[3] & 0xF for wire in answers] == [0, dns.rcode.SERVFAIL, 0]
            for each in slow:
                each.close()
            # There is room again, on the same connection.
            wait_until(lambda: stream.ask(client, stream.query(ZONE, "AXFR"))[3] & 0xF == 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_half_closed_client_gets_all_its_answers(zones, host):
    count = 500
    with Server(zones) as server, stream.tcp(server.port, host) as client:
        client.sendall(stream.numbered(ZONE, count))
        client.shutdown(socket.SHUT_WR)
        stream.check_numbered([stream.read_message(client) for _ in range(count)], count)
        assert client.recv(1) == b""


@pytest.mark.parametrize("broken", [b"\0\0", b"\0\1x", b"\0\x0b" + 11 * b"x"])
def test_a_frame_that_holds_no_message_ends_the_connection(zones, broken):
    with Server(zones) as server, stream.tcp(server.port) as client:
        client.sendall(stream.frame(stream.query(ZONE)) + broken)
        assert dns.message.from_wire(stream.read_message(client)).answer
        assert stream.is_closed(client, stream.LIMIT)


def test_resets_leave_nothing_behind(zones, settings):
    with Server(zones, *settings("tcp_connections_max = 16")) as server:
        for _ in range(200):
            with stream.tcp(server.port) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sendall(stream.frame(stream.query(ZONE))[:9])
        with stream.tcp(server.port) as client:
            assert stream.ask(client, stream.query(ZONE))


def test_dripping_bytes_holds_no_connection(zones, settings):
    with Server(zones, *settings('tcp_idle_limit = "1s"')) as server:
        with stream.tcp(server.port) as client:
            start = time.monotonic()
            try:
                while time.monotonic() < start + stream.LIMIT:
                    client.sendall(b"\xff")
                    client.settimeout(0.1)
                    try:
                        if client.recv(1) == b"":
                            break
                    except TimeoutError:
                        pass
            except OSError:
                pass
            assert 0.9 < time.monotonic() - start < 5


def test_a_client_that_reads_nothing_is_dropped(zones, settings):
    with Server(zones, *settings('tcp_idle_limit = "1s"')) as server:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(stream.LIMIT)
            client.connect(("127.0.0.1", server.port))
            client.sendall(b"".join(stream.frame(stream.query(f"large.{ZONE}", "TXT"))
                                    for _ in range(100)))
            time.sleep(3)
            got = 0
            try:
                while piece := client.recv(65536):
                    got += len(piece)
            except OSError:
                pass
            assert got < 100 * 50_000, "a client that reads nothing kept its connection"


def test_one_network_cannot_take_all_connections(zones, settings):
    limits = "tcp_connections_max = 16\ntcp_prefix_connections_max = 4\ntcp_prefix_v4 = 32"
    with Server(zones, *settings(limits)) as server:
        honest = stream.tcp(server.port, source="127.0.0.2")
        assert stream.ask(honest, stream.query(ZONE))
        greedy = [stream.tcp(server.port, source="127.0.0.3") for _ in range(50)]
        assert stream.ask(greedy[-1], stream.query(ZONE))
        assert stream.ask(honest, stream.query(ZONE)), "the connection of another network is gone"
        still_open = [each for each in greedy if not stream.is_closed(each, 0.05)]
        assert len(still_open) == 4
        for each in [honest, *greedy]:
            each.close()


def test_when_all_slots_are_taken_the_longest_idle_gives_way(zones, settings):
    with Server(zones, *settings("tcp_connections_max = 16")) as server:
        idle = [stream.tcp(server.port) for _ in range(16)]
        for each in reversed(idle):
            assert stream.ask(each, stream.query(ZONE))
        with stream.tcp(server.port) as late:
            assert stream.ask(late, stream.query(ZONE))
        assert stream.is_closed(idle[-1], stream.LIMIT)
        assert stream.ask(idle[0], stream.query(ZONE))
        for each in idle:
            each.close()


def test_keepalive_is_told_over_tcp_to_who_asks(zones, settings):
    asked = stream.query(ZONE, options=[(stream.KEEPALIVE, b"")])
    with Server(zones, *settings('tcp_idle_limit = "7s"')) as server:
        with stream.tcp(server.port) as client:
            assert stream.option(stream.ask(client, asked), stream.KEEPALIVE) == b"\0\x46"
            assert stream.option(stream.ask(client, stream.query(ZONE)), stream.KEEPALIVE) is None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(stream.LIMIT)
            client.sendto(asked, ("127.0.0.1", server.port))
            assert stream.option(client.recv(4096), stream.KEEPALIVE) is None


def test_padding_is_for_encrypted_connections_alone(zones):
    asked = stream.query(ZONE, options=[(stream.PADDING, bytes(50))])
    with Server(zones) as server, stream.tcp(server.port) as client:
        assert stream.option(stream.ask(client, asked), stream.PADDING) is None


def ask_udp(host, port, wire):
    """A connected socket takes nothing but what comes from the address that was asked."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.connect((host, port))
        client.settimeout(stream.LIMIT)
        client.send(wire)
        return client.recv(65536)


def test_replies_come_from_the_address_asked(zones):
    port = free_port()
    options = ["--listen", f"0.0.0.0:{port}", "--listen", f"[::]:{port}"]
    with Server(zones, *options):
        for host in ["127.0.0.1", "127.9.8.7", "::1"]:
            assert dns.message.from_wire(ask_udp(host, port, stream.query(ZONE))).answer
            with stream.tcp(port, host) as client:
                assert client.getpeername()[0] == host
                assert stream.ask(client, stream.query(ZONE))


@pytest.mark.parametrize("lines, limit", [("", 1232), ("udp_payload_max = 1452", 1452),
                                          ("udp_payload_max = 512", 512)])
def test_udp_responses_have_the_size_that_was_set(zones, settings, lines, limit):
    with Server(zones, *settings(lines)) as server:
        wire = ask_udp("127.0.0.1", server.port, stream.query(f"large.{ZONE}", "TXT"))
        assert len(wire) <= limit
        response = dns.message.from_wire(wire)
        assert response.flags & dns.flags.TC
        assert response.payload == limit


@pytest.mark.parametrize("line, word", [
    ("udp_payload_max = 9000", "512 to 1452"),
    ("tcp_prefix_v6 = 128", "16 to 64"),
    ('tcp_idle_limit = "10"', "duration"),
    ('tcp_idle_limit = "1ms"', "1s to 1h"),
    ('tls_listen = ["192.0.2.1:0"]', "port 0"),
    ('tls_listen = ["192.0.2.1"]', "certificate"),
    ("tcp_connection_max = 5", "tcp_connections_max"),
])
def test_a_wrong_setting_is_told(zones, settings, line, word):
    from server import binary
    done = subprocess.run(
        [binary(), "--zones", zones, "--listen", f"127.0.0.1:{free_port()}", *settings(line)],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert word in done.stderr, done.stderr


def fast_open_story():
    """Runs in a network namespace of its own: asks twice, the second time with the SYN."""
    port, folder = int(sys.argv[2]), sys.argv[3]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with open("/proc/sys/net/ipv4/tcp_fastopen", "w") as setting:
        setting.write("3")
    with Server(folder, port=port) as server:
        for _ in range(2):
            with socket.socket() as client:
                wire = stream.frame(stream.query(ZONE))
                client.sendto(wire, socket.MSG_FASTOPEN, ("127.0.0.1", server.port))
                client.settimeout(stream.LIMIT)
                assert stream.read_message(client)
    with open("/proc/net/netstat") as file:
        names, values = [line.split() for line in file if line.startswith("TcpExt")]
    print("passive", dict(zip(names, values))["TCPFastOpenPassive"])


def test_a_question_may_come_with_the_syn(zones):
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    done = subprocess.run(
        ["unshare", "-n", sys.executable, __file__, "fast-open", str(free_port()), zones],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "passive 1" in done.stdout


if __name__ == "__main__":
    fast_open_story()
