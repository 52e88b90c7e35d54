"""Asks many questions of several servers at once, over UDP and TCP, with a window of them on its way.

A server is asked again what it did not answer: a datagram may be lost on a busy machine.
"""

import socket
import struct
import time

WINDOW = 125  # Questions on their way to one server: few enough for any socket's buffer.
LIMIT = 2.0  # Seconds for a window; what is missing then is asked again.
ATTEMPTS = 8
OURS = "nearcast"


class Link:
    """To one server, from one process: a UDP socket and a TCP connection."""

    def __init__(self, name, address):
        self.name = name
        self.address = address
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self.udp.connect(self.address)
        self.tcp = None

    def close(self):
        self.udp.close()
        self.close_tcp()

    def close_tcp(self):
        if self.tcp is not None:
            self.tcp.close()
            self.tcp = None

    def send(self, window):
        """`window`: (number, is_over_tcp, wire) for each question; begins a new one."""
        self.window = window
        self.found = {}
        self.send_missing()

    def send_missing(self):
        missing = [entry for entry in self.window if entry[0] not in self.found]
        for _, is_over_tcp, wire in missing:
            if not is_over_tcp:
                self.udp.send(wire)
        frames = [struct.pack("!H", len(wire)) + wire for _, is_over_tcp, wire in missing if is_over_tcp]
        if frames:
            if self.tcp is None:
                self.tcp = socket.create_connection(self.address, LIMIT)
                self.stream = self.tcp.makefile("rb")
            self.tcp.sendall(b"".join(frames))

    def receive(self):
        """The response to each number of the window; None for one that a peer is silent about."""
        for attempt in range(ATTEMPTS):
            if attempt > 0:
                self.close_tcp()
                self.send_missing()
            self.receive_some(time.monotonic() + LIMIT)
            if len(self.found) == len(self.window):
                return self.found
        missing = [wire for number, _, wire in self.window if number not in self.found]
        if self.name != OURS and len(missing) == 1:
            return {number: self.found.get(number) for number, _, _ in self.window}
        raise AssertionError(f"{self.name} does not answer {missing[0].hex()}")

    def receive_some(self, deadline):
        over_tcp = {number for number, is_over_tcp, _ in self.window if is_over_tcp}
        udp_count = len(self.window) - len(over_tcp)
        try:
            while len(self.found) - len(over_tcp & self.found.keys()) < udp_count:
                self.udp.settimeout(max(deadline - time.monotonic(), 0.001))
                self.keep(self.udp.recv(65535))
            while not over_tcp <= self.found.keys():
                self.tcp.settimeout(LIMIT)
                self.keep(self.frame())
        except (TimeoutError, ConnectionError):
            pass

    def frame(self):
        head = self.stream.read(2)
        wire = self.stream.read(struct.unpack("!H", head)[0]) if len(head) == 2 else b""
        if not wire:
            raise ConnectionError("ended")
        return wire

    def keep(self, wire):
        number, = struct.unpack_from("!H", wire)
        if self.window[0][0] <= number <= self.window[-1][0]:
            self.found[number] = wire


def ask_all(links, questions):
    """For each question, in their order, the responses of all links in theirs."""
    found = []
    for start in range(0, len(questions), WINDOW):
        part = questions[start : start + WINDOW]
        # The identifier tells windows apart, for a response that comes too late.
        numbers = [start + i for i in range(len(part))]
        window = [(n, q.is_over_tcp, q.to_wire(n)) for n, q in zip(numbers, part, strict=True)]
        for link in links:
            link.send(window)
        responses = [link.receive() for link in links]
        found += [[answers[n] for answers in responses] for n in numbers]
    return found
