"""A way out of a city of the lab: a port there that leads to one of the machine itself."""

import ctypes
import os
import socket
import threading

CLONE_NEWNET = 0x40000000


def listener_in(namespace):
    """A socket that listens on the loopback of that namespace, and belongs to it for good."""
    found = []

    def make():
        inside = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        try:
            # Of this thread alone, which ends.
            if ctypes.CDLL(None, use_errno=True).setns(inside, CLONE_NEWNET) == 0:
                found.append(socket.create_server(("127.0.0.1", 0)))
        finally:
            os.close(inside)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert found, f"{namespace} cannot be entered"
    return found[0]


class Relay:
    """Carries connections to `port` in the namespace to `target` outside, while it is open."""

    def __init__(self, namespace, target):
        self.listener = listener_in(namespace)
        self.target = target
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind, value, trace):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            other = socket.create_connection(self.target)
            for source, sink in ((one, other), (other, one)):
                threading.Thread(target=carry, args=(source, sink), daemon=True).start()


def carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # Whoever closed it has no use for the rest.
