"""Framed questions over TCP and TLS, and the certificates that tests need."""

import select
import socket
import ssl
import struct
import subprocess

import dns.edns
import dns.message

LIMIT = 20  # Seconds for anything that should come at once, on a busy machine.
KEEPALIVE = 11
PADDING = 12


def frame(wire):
    return struct.pack("!H", len(wire)) + wire


def query(name, kind="SOA", number=None, options=()):
    """The message in wire form; options are pairs of code and data."""
    message = dns.message.make_query(
        name, kind, use_edns=0, payload=4096,
        options=[dns.edns.GenericOption(code, data) for code, data in options])
    if number is not None:
        message.id = number
    return message.to_wire()


def zone_folder(parent, zone):
    """A folder with a zone of a hundred small names, and one with 50 kB of text."""
    folder = parent / "zones"
    folder.mkdir()
    lines = ["$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"]
    lines += [f"n{i} A 192.0.2.{i % 256}\n" for i in range(100)]
    lines += [f'large TXT "{i:03} {"x" * 200}"\n' for i in range(250)]
    (folder / f"{zone}.zone").write_text("".join(lines))
    return folder


def numbered(zone, count):
    """So many framed questions for the small names, with the ids 0, 1, 2, ..."""
    return b"".join(frame(query(f"n{i % 100}.{zone}", "A", number=i)) for i in range(count))


def check_numbered(responses, count):
    """Each question was answered, once, with an address."""
    assert sorted(struct.unpack("!H", wire[:2])[0] for wire in responses) == list(range(count))
    assert all(wire[3] & 0xF == 0 and wire[7] == 1 for wire in responses)


def read_exactly(stream, size):
    """So many bytes; fewer when the server closed before."""
    got = b""
    while len(got) < size:
        piece = stream.recv(size - len(got))
        if not piece:
            break
        got += piece
    return got


def read_message(stream):
    """The next response in wire form; None when the server closed."""
    head = read_exactly(stream, 2)
    if len(head) < 2:
        return None
    return read_exactly(stream, struct.unpack("!H", head)[0])


def ask(stream, wire):
    stream.sendall(frame(wire))
    return read_message(stream)


def option(wire, code):
    """The data of an option in a response; None when it is not there."""
    for found in dns.message.from_wire(wire).options:
        if found.otype == code:
            return found.to_wire()
    return None


def tcp(port, host="127.0.0.1", source=None):
    stream = socket.create_connection((host, port), LIMIT, source and (source, 0))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def tls_context(ca=None, alpn=("dot",)):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(list(alpn))
    if ca:
        context.load_verify_locations(ca)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def tls(port, context=None, name="server.example"):
    return (context or tls_context()).wrap_socket(tcp(port), server_hostname=name)


def is_closed(stream, seconds):
    """Whether the server closes within that time, whatever it sends before."""
    stream.settimeout(seconds)
    try:
        while stream.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def exchange_all(stream, output, responses_wanted):
    """Sends everything while it reads responses, so that neither side waits for the other."""
    stream.setblocking(False)
    pending = b""
    responses = []
    while len(responses) < responses_wanted:
        wants_to_send = [stream] if output else []
        readable, writable, _ = select.select([stream], wants_to_send, [], LIMIT)
        assert readable or writable, f"{len(responses)} responses, then silence"
        try:
            if writable:
                output = output[stream.send(output[:16000]):]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            while piece := stream.recv(65536):
                pending += piece
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        while len(pending) >= 2 and len(pending) - 2 >= (size := pending[0] << 8 | pending[1]):
            responses.append(pending[2:2 + size])
            pending = pending[2 + size:]
    return responses


class Authority:
    """A CA of our own, and what it signs; all files lie in one folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.certificate = folder / "ca.pem"
        self._openssl("req", "-x509", *self._new_key("ca"), "-subj", "/CN=Test CA", "-days", "2",
                      "-out", self.certificate)

    def issue(self, name, file=None, days=2):
        """A certificate for a DNS name; returns the paths of certificate and key.

        With negative days it has expired."""
        file = file or name
        certificate, key = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        request, extension = self.folder / f"{file}.csr", self.folder / f"{file}.ext"
        extension.write_text(f"subjectAltName=DNS:{name},IP:127.0.0.1\n")
        self._openssl("req", *self._new_key(file), "-subj", f"/CN={name}", "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
                      self.folder / "ca.key", "-CAcreateserial", "-days", days,
                      "-extfile", extension, "-out", certificate)
        return certificate, key

    def _new_key(self, file):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                self.folder / f"{file}.key"]

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def pin(certificate):
    """The pin of a certificate's key, as the configuration has it."""
    command = (f"openssl x509 -in {certificate} -noout -pubkey | openssl pkey -pubin -outform der "
               "| openssl dgst -sha256 -binary | base64")
    found = subprocess.run(command, shell=True, check=True, capture_output=True, text=True)
    return "sha256/" + found.stdout.strip()
