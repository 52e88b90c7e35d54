"""DNS over TLS from outside (RFC 7858): handshakes, padding, reload of the certificate, limits."""

import json
import os
import socket
import ssl
import subprocess
import threading

import dns.message
import pytest

import stream
from server import Server, binary, free_port

ZONE = "tls.test"
NAME = "server.example"


@pytest.fixture(name="zones")
def zone_folder(tmp_path):
    return stream.zone_folder(tmp_path, ZONE)


@pytest.fixture(name="authority")
def authority_folder(tmp_path):
    return stream.Authority(tmp_path / "certificates")


class TlsServer(Server):
    """Answers over TLS too, on tls_port, with a certificate that new_certificate() replaces."""

    def __init__(self, zones, authority, *options, serve="", **more):
        self.tls_port = free_port()
        self.authority = authority
        self.certificate, self.key = authority.issue(NAME, "current")
        settings = authority.folder / "settings.toml"
        settings.write_text(f'[serve]\ntls_listen = ["127.0.0.1:{self.tls_port}"]\n{serve}\n'
                            f'[tls]\ncertificate = "{self.certificate}"\nkey = "{self.key}"\n')
        super().__init__(zones, "--settings", settings, *options, **more)

    def new_certificate(self, days=2):
        certificate, key = self.authority.issue(NAME, "next", days)
        key.rename(self.key)
        certificate.rename(self.certificate)


def asked_to_reload(control):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(control))
        client.sendall(b"reload\n")
        return json.loads(client.makefile().readline())


def shown_certificate(port):
    with stream.tls(port) as client:
        return client.getpeercert(binary_form=True)


def file_certificate(path):
    return ssl.PEM_cert_to_DER_cert(path.read_text())


@pytest.mark.parametrize("command", [
    ["kdig", "+tls"],
    ["kdig", "+tls-ca={ca}", f"+tls-hostname={NAME}"],
    ["kdig", "+tls", "+padding", "+ednsopt=11"],
    ["dig", "+tls"],
    ["dig", "+tls-ca={ca}", f"+tls-hostname={NAME}"],
], ids=" ".join)
def test_clients_of_others_are_answered(zones, authority, command):
    with TlsServer(zones, authority) as server:
        command = [word.format(ca=authority.certificate) for word in command]
        done = subprocess.run(
            [*command, "@127.0.0.1", "-p", str(server.tls_port), f"n7.{ZONE}", "A"],
            capture_output=True, text=True, timeout=60)
        assert "192.0.2.7" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("options, words", [
    (["-tls1_3", "-alpn", "dot"], ["New, TLSv1.3", "ALPN protocol: dot"]),
    (["-tls1_2"], ["New, TLSv1.2", "No ALPN"]),
    (["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], ["alert protocol version"]),
    (["-alpn", "h2"], ["alert no application protocol"]),
    (["-tls1_2", "-cipher", "AES128-SHA"], ["alert handshake failure"]),
], ids=lambda value: " ".join(value))
def test_versions_and_protocols(zones, authority, options, words):
    with TlsServer(zones, authority) as server:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        told = done.stdout + done.stderr
        for word in words:
            assert word in told, told


def test_a_session_is_resumed_by_any_worker(zones, authority, tmp_path):
    with TlsServer(zones, authority, threads=2) as server:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_2"]
        ticket = tmp_path / "ticket"
        subprocess.run([*command, "-sess_out", ticket], stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=60, check=True)
        for _ in range(8):
            done = subprocess.run([*command, "-sess_in", ticket], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=60, check=True)
            assert "Reused, TLSv1.2" in done.stdout


def test_padded_responses_have_steps_of_468(zones, authority):
    with TlsServer(zones, authority) as server, stream.tls(server.tls_port) as client:
        sizes = set()
        for name, kind in [(f"n1.{ZONE}", "A"), (f"none.{ZONE}", "A"), (f"large.{ZONE}", "TXT"),
                           ("elsewhere.test", "A")]:
            padded = stream.ask(client, stream.query(name, kind, options=[(stream.PADDING, b"")]))
            assert len(padded) % 468 == 0
            assert set(stream.option(padded, stream.PADDING)) <= {0}
            sizes.add(len(padded))
            plain = stream.ask(client, stream.query(name, kind))
            assert stream.option(plain, stream.PADDING) is None
        assert len(sizes) == 2, "all but the large one look alike"


def test_keepalive_is_told_to_who_asks(zones, authority):
    with TlsServer(zones, authority) as server, stream.tls(server.tls_port) as client:
        asked = stream.query(ZONE, options=[(stream.KEEPALIVE, b"")])
        assert stream.option(stream.ask(client, asked), stream.KEEPALIVE) == b"\0\x64"


def test_ten_thousand_pipelined_queries_are_answered_once_each(zones, authority):
    count = 10_000
    output = stream.numbered(ZONE, count)
    with TlsServer(zones, authority) as server, stream.tls(server.tls_port) as client:
        stream.check_numbered(stream.exchange_all(client, output, count), count)


def test_plain_dns_on_the_port_for_tls_is_closed(zones, authority):
    with TlsServer(zones, authority) as server, stream.tcp(server.tls_port) as client:
        client.sendall(stream.frame(stream.query(ZONE)))
        assert stream.is_closed(client, stream.LIMIT)


def test_a_silent_handshake_ends_and_keeps_nobody_out(zones, authority):
    serve = 'tls_handshake_limit = "1s"\ntls_handshakes_max = 4'
    with TlsServer(zones, authority, serve=serve) as server:
        silent = [stream.tcp(server.tls_port) for _ in range(40)]
        with stream.tls(server.tls_port) as client:
            assert stream.ask(client, stream.query(ZONE))
        assert all(stream.is_closed(each, 5) for each in silent)


class Asker(threading.Thread):
    """Asks over one connection until it is told to stop; counts answers, keeps the failure."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.answered = 0
        self.failure = None
        self.is_done = threading.Event()

    def run(self):
        try:
            with stream.tls(self.port) as client:
                while not self.is_done.is_set():
                    wire = stream.ask(client, stream.query(f"n7.{ZONE}", "A"))
                    assert dns.message.from_wire(wire).answer
                    self.answered += 1
        except Exception as failure:  # Of any kind: the test tells it.
            self.failure = failure


def test_a_new_certificate_drops_nobody(zones, authority):
    with TlsServer(zones, authority, threads=2) as server:
        askers = [Asker(server.tls_port) for _ in range(4)]
        for asker in askers:
            asker.start()
        for _ in range(5):
            before = file_certificate(server.certificate)
            assert shown_certificate(server.tls_port) == before
            server.new_certificate()
            assert file_certificate(server.certificate) != before
            server.reload()
            assert any("certificate_loaded" in line for line in server.log)
            assert shown_certificate(server.tls_port) == file_certificate(server.certificate)
        for asker in askers:
            asker.is_done.set()
            asker.join()
        assert [asker.failure for asker in askers] == [None] * 4
        assert all(asker.answered > 10 for asker in askers)


def test_a_broken_certificate_is_told_and_the_old_one_goes_on(zones, authority, tmp_path):
    control = tmp_path / "control.sock"
    with TlsServer(zones, authority, "--control", control) as server:
        good = file_certificate(server.certificate)
        _, other_key = authority.issue(NAME, "other")
        for file, text in [(server.key, other_key.read_text()), (server.certificate, "nonsense")]:
            kept = file.read_text()
            file.write_text(text)
            reply = asked_to_reload(control)
            assert not reply["ok"] and str(file) in reply["certificate"]["error"]
            assert "goes on" in server.wait_for_event("certificate_failed")
            assert shown_certificate(server.tls_port) == good
            file.write_text(kept)
        assert "zones_loaded" in server.reload()
        server.certificate.unlink()
        server.certificate.mkdir()
        assert str(server.certificate) in asked_to_reload(control)["certificate"]["error"]
        assert shown_certificate(server.tls_port) == good


def test_an_expired_certificate_does_not_replace_a_good_one(zones, authority, tmp_path):
    control = tmp_path / "control.sock"
    with TlsServer(zones, authority, "--control", control) as server:
        good = shown_certificate(server.tls_port)
        server.new_certificate(days=-1)
        reply = asked_to_reload(control)
        assert not reply["ok"] and "has expired at" in reply["certificate"]["error"]
        assert "goes on" in reply["certificate"]["next"]
        told = server.wait_for_event("certificate_failed")
        assert "has expired at" in told and "try=" in told
        assert shown_certificate(server.tls_port) == good


def test_an_expired_certificate_is_used_at_start_and_told(zones, authority, tmp_path):
    control = tmp_path / "control.sock"
    server = TlsServer(zones, authority, "--control", control)
    server.new_certificate(days=-1)
    with server:
        told = server.wait_for_event("certificate_untimely")
        assert "has expired at" in told and "try=" in told
        assert shown_certificate(server.tls_port) == file_certificate(server.certificate)
        assert "is used all the same" in asked_to_reload(control)["certificate"]["next"]
        server.new_certificate()
        assert asked_to_reload(control)["ok"]
        assert shown_certificate(server.tls_port) == file_certificate(server.certificate)


@pytest.mark.parametrize("change, word", [
    (lambda text: text.replace("certificate =", "#"), "certificate"),
    (lambda text: text.replace("current.pem", "missing.pem"), "missing.pem"),
    (lambda text: text.replace("current.key", "ca.key"), "ca.key"),
    (lambda text: text.replace("[tls]\ncertificate", "[tls]\ncertificat"), "certificate"),
])
def test_a_certificate_that_cannot_be_used_is_told_at_start(zones, authority, change, word):
    server = TlsServer(zones, authority)
    settings = authority.folder / "settings.toml"
    settings.write_text(change(settings.read_text()))
    done = subprocess.run(
        [binary(), "--user", "root", "--zones", zones, "--listen", f"127.0.0.1:{server.port}",
         "--settings", settings], capture_output=True, text=True, timeout=60)
    assert done.returncode in (1, 2)
    assert word in done.stderr, done.stderr


@pytest.mark.skipif("asan" in os.environ.get("NEARCASTD", "") or
                    "tsan" in os.environ.get("NEARCASTD", ""),
                    reason="sanitizers need memory of their own")
def test_a_connection_costs_what_the_security_page_says(zones, authority):
    """Idle ones, and handshakes that announce the largest message there is."""
    count = 200
    serve = ('tls_handshake_limit = "1m"\ntcp_idle_limit = "1m"\n'
             "tcp_prefix_connections_max = 1024")
    with TlsServer(zones, authority, serve=serve) as server:
        with stream.tls(server.tls_port) as client:
            assert stream.ask(client, stream.query(ZONE))
        before = server.memory_kib()
        idle = [stream.tls(server.tls_port) for _ in range(count)]
        for client in idle:
            assert stream.ask(client, stream.query(ZONE))
        for_idle = (server.memory_kib() - before) / count
        before = server.memory_kib()
        hostile = [stream.tcp(server.tls_port) for _ in range(count)]
        for client in hostile:
            client.sendall(b"\x16\x03\x01\x40\x00" + b"\x01\x01\xff\xff" + bytes(0x4000 - 4))
        with stream.tls(server.tls_port) as client:
            assert stream.ask(client, stream.query(ZONE))
        for_handshake = (server.memory_kib() - before) / count
        print(f"KiB: idle {for_idle:.1f}, hostile handshake {for_handshake:.1f}")
        assert for_idle < 80
        assert for_handshake < 260
        for client in [*idle, *hostile]:
            client.close()
