"""Sends odd messages, and oddly cut TCP streams: each has its outcome, and nothing else happens."""

import pathlib
import random
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import packet_file
import pytest
from server import Server, binary

FOLDER = pathlib.Path(__file__).parent / "packets"
PACKETS = [packet for path in sorted(FOLDER.glob("*.packets")) for packet in packet_file.read(path)]
LIMIT = 5  # Seconds to wait for what must come.
SETTLED = 5  # Rounds of all packets.
SANITIZED = any(word in binary() for word in ("asan", "tsan"))
ZONE = """
$TTL 300
@       SOA  ns1 host 1 3600 600 86400 60
@       NS   ns1
ns1     A    192.0.2.1
www     A    192.0.2.10
www     TXT  "odd"
*.wild  A    192.0.2.20
""" + "".join(f"big A 10.1.{i // 256}.{i % 256}\n" for i in range(2000))
ORDINARY = dns.message.make_query("www.packets.test", "TXT", id=0x4242).to_wire()


@pytest.fixture(scope="module", name="server")
def started_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zones")
    (folder / "packets.test.zone").write_text(ZONE)
    with Server(folder) as server:
        yield server


def frame(wire):
    return struct.pack("!H", len(wire)) + wire


def receive_exactly(stream, size):
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def receive_frame(stream):
    """One message; None when the server closed."""
    try:
        head = receive_exactly(stream, 2)
        return head and receive_exactly(stream, struct.unpack("!H", head)[0])
    except ConnectionResetError:
        return None


def connect(server):
    return socket.create_connection((server.host, server.port), timeout=LIMIT)


def responses_over_udp(server, wire):
    """What came before the response to the ordinary question that was sent right behind."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(LIMIT)
        client.connect((server.host, server.port))
        client.send(wire)
        client.send(ORDINARY)
        return until_ordinary(lambda: client.recv(65535))


def responses_over_tcp(server, wire):
    with connect(server) as stream:
        stream.sendall(frame(wire) + frame(ORDINARY))
        return until_ordinary(lambda: receive_frame(stream))


def until_ordinary(receive):
    """A worker answers in order, so silence is known without waiting for it."""
    found = []
    while True:
        message = receive()
        if message is None:
            return [*found, "closed"]
        if message[:2] == ORDINARY[:2] and dns.message.from_wire(message).answer:
            return found
        found.append(message)


def check_response(packet, wire):
    assert wire[:2] == packet.wire[:2], "another identifier"
    assert wire[2] & 0x80, "not marked as a response"
    assert wire[2] & 0x78 == packet.wire[2] & 0x78, "another opcode"
    assert not wire[3] & 0x40, "the reserved bit is set"
    if wire[2] & 0x78:  # dnspython reads no opcode that was never assigned.
        return dns.rcode.to_text(wire[3] & 0xF)
    try:
        response = dns.message.from_wire(wire, ignore_trailing=False)
    except dns.message.UnknownTSIGKey:  # It tells of a fault with a signature, and has none itself.
        return dns.rcode.to_text(wire[3] & 0xF)
    if response.question:
        end = 12 + len(response.question[0].name.to_wire()) + 4
        assert wire[12:end] == packet.wire[12:end], "the question did not come back as it was"
    return dns.rcode.to_text(response.rcode())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("packet", PACKETS, ids=str)
def test_packet(server, packet, transport):
    ask = responses_over_udp if transport == "udp" else responses_over_tcp
    found = ask(server, packet.wire)
    outcomes = [w if w == "closed" else check_response(packet, w) for w in found]
    expected = packet.expected(transport)
    assert outcomes == ([] if expected == "silence" else [expected])


def test_a_query_in_pieces(server):
    with connect(server) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(ORDINARY):
            stream.send(bytes([byte]))
        assert receive_frame(stream)[:2] == ORDINARY[:2]


def test_many_queries_in_one_segment_are_answered_in_order(server):
    with connect(server) as stream:
        stream.sendall(b"".join(frame(struct.pack("!H", i) + ORDINARY[2:]) for i in range(500)))
        found = [struct.unpack("!H", receive_frame(stream)[:2])[0] for _ in range(500)]
        assert found == list(range(500))


def test_a_client_that_ended_its_side_gets_its_answer(server):
    with connect(server) as stream:
        stream.sendall(frame(ORDINARY))
        stream.shutdown(socket.SHUT_WR)
        assert receive_frame(stream)[:2] == ORDINARY[:2]
        assert receive_frame(stream) is None


def test_a_stream_that_ends_inside_a_query_is_closed(server):
    with connect(server) as stream:
        stream.sendall(frame(ORDINARY)[:-1])
        stream.shutdown(socket.SHUT_WR)
        assert receive_frame(stream) is None


def test_the_largest_query_is_answered(server):
    padding = 65535 - len(ORDINARY) - 11 - 4
    wire = bytearray(ORDINARY)
    wire[11] = 1
    wire += struct.pack("!BHHIHHH", 0, 41, 1232, 0, padding + 4, 12, padding) + bytes(padding)
    with connect(server) as stream:
        stream.sendall(frame(bytes(wire)))
        assert dns.message.from_wire(receive_frame(stream)).answer


def test_a_response_of_32000_bytes(server):
    query = dns.message.make_query("big.packets.test", "A")
    with connect(server) as stream:
        stream.sendall(frame(query.to_wire()))
        wire = receive_frame(stream)
        assert len(wire) > 32000
        assert len(dns.message.from_wire(wire).answer[0]) == 2000


def test_a_client_that_does_not_read_disturbs_nobody(server):
    query = frame(dns.message.make_query("big.packets.test", "A").to_wire())
    with connect(server) as greedy:
        greedy.settimeout(0.5)
        with pytest.raises(TimeoutError):  # The server stops taking questions.
            for _ in range(1_000_000):
                greedy.sendall(query * 100)
        assert responses_over_udp(server, ORDINARY[:2]) == []
        assert responses_over_tcp(server, dns.message.make_query("x.test", "A").to_wire())


def test_connections_that_do_nothing_do_not_keep_others_out(server):
    idle = [connect(server) for _ in range(1500)]  # More than a worker's slots.
    try:
        with connect(server) as stream:
            stream.sendall(frame(ORDINARY))
            assert receive_frame(stream)[:2] == ORDINARY[:2]
    finally:
        for stream in idle:
            stream.close()


QUERY = dns.message.make_query("www.packets.test", "A", id=0x1234, use_edns=0, options=[
    dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")]).to_wire()  # fmt: skip


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_query_cut_at_every_byte(server, transport):
    ask = responses_over_udp if transport == "udp" else responses_over_tcp
    for size in range(len(QUERY)):
        found = ask(server, QUERY[:size])
        if size < 12:  # No header: nothing that could be answered (RFC 1035 §4.1.1).
            assert found == ([] if transport == "udp" else ["closed"]), size
        else:
            assert [wire[3] & 0xF for wire in found] == [dns.rcode.FORMERR], size


def test_a_stream_cut_in_two_at_every_byte(server):
    stream_bytes = frame(QUERY) + frame(ORDINARY)
    for size in range(1, len(stream_bytes)):
        with connect(server) as stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.sendall(stream_bytes[:size])
            stream.sendall(stream_bytes[size:])
            assert receive_frame(stream)[:2] == QUERY[:2]
            assert receive_frame(stream)[:2] == ORDINARY[:2]


@pytest.mark.parametrize("announced", [len(ORDINARY) + 1, 65535])
def test_a_length_that_lies_is_waited_for_and_never_answered(server, announced):
    with connect(server) as stream:
        stream.sendall(struct.pack("!H", announced) + ORDINARY)
        stream.shutdown(socket.SHUT_WR)
        assert receive_frame(stream) is None


def test_every_opcode_with_every_flag_over_udp(server):
    """Each has one answer or none, whose opcode is the question's, and never RA, AD or Z."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(LIMIT)
        client.connect((server.host, server.port))
        for opcode in range(16):
            for flags in range(0, 0x800, 0x10):
                bits = opcode << 11 | flags
                client.send(struct.pack("!HH", 0x1234, bits) + ORDINARY[4:])
                client.send(ORDINARY)
                found = until_ordinary(lambda: client.recv(65535))
                assert len(found) == 1, hex(bits)
                answered, = struct.unpack_from("!H", found[0], 2)
                assert answered >> 11 == 0x10 | opcode, hex(bits)
                assert not answered & 0x00F0, hex(bits)


def test_bytes_that_were_changed_by_chance(server):
    """Whatever comes, what was asked behind it is answered, and nothing twice."""
    chance = random.Random(20261125)
    for _ in range(3000):
        wire = bytearray(QUERY)
        for _ in range(chance.choice([1, 1, 2, 4, 8])):
            wire[chance.randrange(2, len(wire))] = chance.choice([0, 1, 0x3F, 0x40, 0xC0, 0xFF])
        if chance.random() < 0.3:
            del wire[chance.randrange(2, len(wire)) :]
        assert len(responses_over_udp(server, bytes(wire))) <= 1, wire.hex()


def has_settled(sizes):
    """No growth over so many rounds: 32 bytes for every tenth packet would be two pages."""
    return len(sizes) > SETTLED and max(sizes[-SETTLED:]) <= sizes[-SETTLED - 1]


def test_nothing_is_left_behind(server):
    """Neither descriptors nor memory, after every packet many times over both transports."""
    descriptors = pathlib.Path(f"/proc/{server.process.pid}/fd")
    count, sizes = len(list(descriptors.iterdir())), []
    while not has_settled(sizes) and len(sizes) < 3 * SETTLED:
        for packet in PACKETS:
            responses_over_udp(server, packet.wire)
            responses_over_tcp(server, packet.wire)
        sizes.append(server.memory_kib())
    deadline = time.monotonic() + LIMIT
    while len(list(descriptors.iterdir())) > count and time.monotonic() < deadline:
        responses_over_udp(server, QUERY)  # The worker closes what it has seen end.
    assert len(list(descriptors.iterdir())) <= count
    # A sanitizer keeps what was freed, and looks for leaks itself.
    assert SANITIZED or has_settled(sizes), sizes
