"""Clients who trickle, hold connections and end them oddly: nobody else is kept waiting."""

import contextlib
import signal
import socket
import ssl
import threading
import time

import pytest

from controller import Controller, replace
from server import wait_until

ZONE = "example.com."
# Each is answered in a few milliseconds. All that the trickling ones could cost is 10 seconds.
ANSWER_LIMIT = 5
CLIENTS = 200


class Trickle:
    """Connections that send a byte of a request now and then, and are opened anew when one ends."""

    def __init__(self, controller, count, head):
        self.controller = controller
        self.head = head
        self.tls = ssl._create_unverified_context() if controller.tls else None
        self.is_over = threading.Event()
        self.ended = 0
        self.clients = [self.connect() for _ in range(count)]
        self.thread = threading.Thread(target=self.run)

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.controller.api_port), timeout=20)
        with contextlib.suppress(OSError):  # Who has too many is turned away.
            if self.tls:
                client = self.tls.wrap_socket(client)
            client.sendall(self.head)
        return client

    def run(self):
        while not self.is_over.wait(0.1):
            for at, client in enumerate(self.clients):
                try:
                    client.sendall(b"x")
                except OSError:
                    self.ended += 1
                    with contextlib.suppress(OSError):  # The controller may be gone.
                        self.clients[at] = self.connect()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        for client in self.clients:
            client.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("part", ["head", "body"])
def test_others_are_answered_beside_two_hundred_that_trickle(tmp_path, tls, part):
    with Controller(tmp_path, tls=tls) as controller:
        controller.create()
        head = f"PATCH /api/v1/servers/localhost/zones/{ZONE} HTTP/1.1\r\nHost: x\r\n"
        if part == "body":
            head += f"X-API-Key: {controller.key}\r\nContent-Length: 100000\r\n\r\n"
        with Trickle(controller, CLIENTS, head.encode()) as trickle:
            for i in range(20):
                begun = time.monotonic()
                connection = controller.connection()
                connection.source_address = ("127.0.0.2", 0)
                rrset = replace(f"h{i}." + ZONE, "A", "192.0.2.1")
                assert controller.patch(rrset, connection=connection).status == 204
                assert time.monotonic() - begun < ANSWER_LIMIT
                connection.close()
            wait_until(lambda: trickle.ended > 0, "the end of one that trickles")
            begun = time.monotonic()
            controller.process.terminate()
            assert controller.process.wait(20) == 0
            assert time.monotonic() - begun < 2 * ANSWER_LIMIT


def test_a_write_that_waits_for_nodes_does_not_hold_up_the_end(tmp_path):
    with Controller(tmp_path) as controller:
        controller.create()
        # A place that has no node serves nothing.
        assert controller.ask("POST", "/api/v1/pops", {"name": "empty"}).status == 201
        path = "/api/v1/changes/{}?wait=pop:empty&timeout=60"
        change = controller.patch(replace("a." + ZONE, "A", "192.0.2.1")).headers["x-nearcast-change"]
        client = controller.connection()
        client.request("GET", path.format(change), headers={"X-API-Key": controller.key})
        for _ in range(20):  # The other one is there by then.
            assert controller.ask("GET", "/api").status == 200
        begun = time.monotonic()
        controller.process.terminate()
        assert client.getresponse().status == 200, "who waited is told how far it went"
        assert controller.process.wait(20) == 0
        assert time.monotonic() - begun < 20


def test_two_changes_that_come_together_are_both_made(tmp_path):
    with Controller(tmp_path) as controller:
        controller.create()
        requests = b""
        for i in (1, 2):
            body = (f'{{"rrsets":[{{"name":"h{i}.{ZONE}","type":"A","ttl":60,"changetype":"REPLACE",'
                    f'"records":[{{"content":"192.0.2.{i}","disabled":false}}]}}]}}').encode()
            requests += (f"PATCH /api/v1/servers/localhost/zones/{ZONE} HTTP/1.1\r\nHost: x\r\n"
                         f"X-API-Key: {controller.key}\r\nContent-Length: {len(body)}\r\n\r\n"
                         ).encode() + body
        with socket.create_connection(("127.0.0.1", controller.api_port), timeout=20) as client:
            client.sendall(requests)
            received = b""
            while received.count(b"HTTP/1.1 204 ") < 2:
                part = client.recv(65536)
                assert part, received
                received += part
        assert controller.rrset("h1." + ZONE, "A") == ["192.0.2.1"]
        assert controller.rrset("h2." + ZONE, "A") == ["192.0.2.2"]


def test_the_certificate_is_changed_without_a_restart(tmp_path):
    with Controller(tmp_path, tls=True) as controller:
        address = ("127.0.0.1", controller.api_port)
        before = ssl.get_server_certificate(address)
        with Controller(tmp_path / "other", tls=True) as other:
            for name in ("api.pem", "api.key"):
                (tmp_path / "state" / name).write_bytes((tmp_path / "other/state" / name).read_bytes())
            wanted = ssl.get_server_certificate(("127.0.0.1", other.api_port))
        controller.process.send_signal(signal.SIGHUP)
        controller.wait_for_event("certificate_loaded")
        assert ssl.get_server_certificate(address) == wanted != before
