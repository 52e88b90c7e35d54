"""pebble, an ACME server for tests, and programs that are run to their end."""

import os
import subprocess

from server import free_port, wait_until


def run(*words, environment=None, folder=None, limit=180):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=limit, env=os.environ | (environment or {}), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Pebble:
    """An ACME server that asks the name server at `dns` ("127.0.0.1:53") for challenges.

    `inside`: the words in front of its command, where it is to run elsewhere.
    """

    def __init__(self, folder, dns, inside=()):
        self.folder = folder
        self.port, self.management_port = free_port(), free_port()
        self.certificate, self.key = folder / "pebble.pem", folder / "pebble.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out",
            self.certificate)
        self.config = folder / "pebble.json"
        self.config.write_text(
            '{"pebble": {"listenAddress": "127.0.0.1:%d", "managementListenAddress": "127.0.0.1:%d",'
            '"certificate": "%s", "privateKey": "%s", "httpPort": 5002, "tlsPort": 5001,'
            '"ocspResponderURL": "", "externalAccountBindingRequired": false}}'
            % (self.port, self.management_port, self.certificate, self.key))
        self.dns = dns
        self.inside = inside

    def __enter__(self):
        self.log = open(self.folder / "pebble.log", "w")
        self.process = subprocess.Popen(
            [*self.inside, "pebble", "-config", self.config, "-dnsserver", self.dns],
            stdout=self.log, stderr=subprocess.STDOUT,
            env=os.environ | {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"})
        wait_until(lambda: "ACME directory available" in
                         (self.folder / "pebble.log").read_text(), "the start of pebble")
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        if kind is not None:
            print((self.folder / "pebble.log").read_text())
