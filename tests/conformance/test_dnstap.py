"""dnstap from outside: frames that a reader of Frame Streams takes, and a reader that takes none."""

import ipaddress
import pathlib
import socket
import struct
import subprocess
import time

import dns.message
import dns.query
import pytest

import stream
from server import START_LIMIT, Server, free_port, wait_until
from test_program import Control

ZONE = "$TTL 300\n@ SOA ns1 host 7 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"
AUTH_QUERY, AUTH_RESPONSE = 1, 2
UDP, TCP, DOT = 1, 2, 3


@pytest.fixture(name="zones")
def zone_folder(tmp_path):
    folder = tmp_path / "zones"
    folder.mkdir()
    (folder / "tap.test.zone").write_text(ZONE)
    return folder


def settings(folder, text):
    path = folder / "settings.toml"
    path.write_text("[dnstap]\n" + text)
    return path


def frames(data):
    """The data frames of a Frame Streams file, which must be whole and begin as one does."""
    found, at, controls = [], 0, []
    while at < len(data):
        size = struct.unpack_from("!I", data, at)[0]
        at += 4
        if size == 0:
            size = struct.unpack_from("!I", data, at)[0]
            controls.append(struct.unpack_from("!I", data, at + 4)[0])
            at += 4 + size
            continue
        found.append(data[at:at + size])
        at += size
    assert at == len(data)
    assert controls[0] == 2, "does not begin with START"
    return found, controls


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """A protobuf message as {field: value}."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        elif key & 7 == 5:
            value, at = struct.unpack_from("<I", data, at)[0], at + 4
        else:
            raise AssertionError(f"wire type {key & 7}")
        found[key >> 3] = value
    return found


def read(path):
    outer = [fields(frame) for frame in frames(path.read_bytes())[0]]
    assert all(each[15] == 1 and each[1] == b"node1" and each[2].startswith(b"nearcastd ")
               for each in outer)
    return [fields(each[14]) for each in outer]


def ask(server, how=dns.query.udp, name="ns1.tap.test"):
    return how(dns.message.make_query(name, "A"), server.host, timeout=10, port=server.port)


def ends(server):
    """What is told of an exchange with it: the address that was asked, and who asked."""
    return (server.host, server.port), server.wire.own if server.wire else "127.0.0.1"


def counter(control, name):
    metrics = Control(control).ask("status")["metrics"]
    return metrics[name][0]["value"]


def check_pair(query, response, protocol, asked, client):
    """`asked`: the address and port of ours that the client sent to."""
    assert (query[1], response[1]) == (AUTH_QUERY, AUTH_RESPONSE)
    for message in (query, response):
        assert message[2] == (2 if ":" in client else 1) and message[3] == protocol
        assert ipaddress.ip_address(message[4]).compressed == client
        assert ipaddress.ip_address(message[5]).compressed == asked[0]
        assert 0 < message[6] < 65536 and message[7] == asked[1]
        assert abs(message[8] - time.time()) < 600 and message[9] < 10**9
    asked = dns.message.from_wire(query[10])
    answered = dns.message.from_wire(response[14])
    assert asked.is_response(answered) and answered.answer
    assert str(asked.question[0].name) == "ns1.tap.test."
    assert (response[12], response[13]) >= (response[8], response[9])


def test_a_file_has_every_exchange(zones, tmp_path):
    path = tmp_path / "tap.fstrm"
    with Server(zones, "--settings", settings(tmp_path, f'file = "{path}"\n'),
                "--node", "node1") as server:
        ask(server)
        ask(server, dns.query.tcp)
    assert frames(path.read_bytes())[1] == [2, 3]  # START, STOP
    found = read(path)
    assert len(found) == 4
    check_pair(found[0], found[1], UDP, *ends(server))
    check_pair(found[2], found[3], TCP, *ends(server))


def test_it_says_which_address_was_asked_and_how(zones, tmp_path):
    """On sockets of one address and of all of them, over either family, and over TLS."""
    path, port = tmp_path / "tap.fstrm", free_port()
    certificate, key = stream.Authority(tmp_path / "certificates").issue("server.example")
    text = (f'file = "{path}"\n[serve]\ntls_listen = ["127.0.0.1:{port}"]\n'
            f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n')
    any_port = free_port()
    options = ["--listen", f"0.0.0.0:{any_port}", "--listen", f"[::]:{any_port}"]
    expected = []
    with Server(zones, "--settings", settings(tmp_path, text), "--node", "node1",
                *options) as server:
        for host in ("127.0.0.1", "::1", "127.0.0.77"):
            asked = (host, any_port if host.endswith("77") else server.port)
            for how, protocol in ((dns.query.udp, UDP), (dns.query.tcp, TCP)):
                query = dns.message.make_query("ns1.tap.test", "A")
                how(query, asked[0], timeout=10, port=asked[1])
                expected.append((protocol, asked, "::1" if host == "::1" else "127.0.0.1"))
        with stream.tls(port) as client:
            assert stream.ask(client, stream.query("ns1.tap.test", "A"))
        expected.append((DOT, ("127.0.0.1", port), "127.0.0.1"))
    found = read(path)
    assert len(found) == 2 * len(expected)
    for at, (protocol, asked, client) in enumerate(expected):
        check_pair(found[2 * at], found[2 * at + 1], protocol, asked, client)


def test_fstrm_capture_takes_the_stream(zones, tmp_path):
    path, captured = tmp_path / "tap.sock", tmp_path / "captured.fstrm"
    with Server(zones, "--settings", settings(tmp_path, f'socket = "{path}"\n'),
                "--node", "node1") as server:
        ask(server)  # Nobody listens yet: it is answered all the same.
        command = ["fstrm_capture", "-t", "protobuf:dnstap.Dnstap", "-u", path, "-w", captured]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as reader:
            try:
                server.wait_for_event("dnstap_connected")
                for _ in range(20):
                    ask(server)
                server.process.terminate()
                server.process.wait(START_LIMIT)
            finally:
                reader.terminate()
    found = read(pathlib.Path(captured))
    assert len(found) == 40
    check_pair(found[0], found[1], UDP, *ends(server))


def test_a_sample_has_one_in_so_many(zones, tmp_path):
    path = tmp_path / "tap.fstrm"
    text = f'file = "{path}"\nsample = 10\nqueries = false\n'
    with Server(zones, "--settings", settings(tmp_path, text), "--node", "node1") as server:
        for _ in range(50):
            ask(server)
    assert [each[1] for each in read(path)] == [AUTH_RESPONSE] * 5


@pytest.mark.parametrize("greets", [True, False], ids=["greets", "silent"])
def test_a_reader_that_takes_nothing_costs_no_answer(zones, tmp_path, greets):
    path, control = tmp_path / "tap.sock", tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        with Server(zones, "--settings", settings(tmp_path, f'socket = "{path}"\n'),
                    "--control", control) as server:
            reader = listener.accept()[0]
            if greets:
                content = b"protobuf:dnstap.Dnstap"
                body = struct.pack("!III", 1, 1, len(content)) + content  # ACCEPT
                reader.recv(4096)
                reader.sendall(struct.pack("!II", 0, len(body)) + body)
                server.wait_for_event("dnstap_connected")
            query = dns.message.make_query("ns1.tap.test", "A").to_wire()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.connect((server.host, server.port))
                client.settimeout(10)
                for _ in range(10_000):
                    client.send(query)
                    assert client.recv(4096)
            wait_until(lambda: counter(control, "nearcast_dnstap_dropped_total") > 0)
            started = time.monotonic()
        assert time.monotonic() - started < 4, "the end waited for the reader"
        reader.close()
