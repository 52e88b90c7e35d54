"""A primary that does with a secondary what a test tells it: what its subclasses override."""

import socket
import struct
import threading

import dns.flags
import dns.message
from server import free_port


def response_to(query, *rrsets):
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    response.answer = list(rrsets)
    return response


class FakePrimary:
    """On the loopback, over UDP and TCP, until it is closed."""

    def __init__(self, port=None):
        self.port = port or free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def soa(self):
        """The SOA that it says it has, as an RRset."""
        raise NotImplementedError

    def transfer(self, query, send):
        """Answers a question over TCP by messages, each as bytes or as it is; then it hangs up."""
        raise NotImplementedError

    def close(self):
        self.udp.close()
        self.tcp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _serve_udp(self):
        while True:
            try:
                wire, peer = self.udp.recvfrom(4096)
                response = response_to(dns.message.from_wire(wire), self.soa())
                self.udp.sendto(response.to_wire(), peer)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                link, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_link, args=(link,), daemon=True).start()

    def _serve_link(self, link):
        def send(message):
            wire = message if isinstance(message, bytes) else message.to_wire()
            link.sendall(struct.pack("!H", len(wire)) + wire)

        with link:
            try:
                size, = struct.unpack("!H", link.recv(2, socket.MSG_WAITALL))
                self.transfer(dns.message.from_wire(link.recv(size, socket.MSG_WAITALL)), send)
            except (OSError, struct.error):
                pass  # The secondary hung up.
