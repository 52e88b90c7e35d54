"""A controller of our own on free ports of the loopback, and a client that asks it."""

import http.client
import json
import os
import pathlib
import queue
import re
import signal
import ssl
import subprocess
import threading

from server import START_LIMIT, free_port

API = "/api/v1/servers/localhost"


def program(name):
    """A program under test: $NEARCAST_CONTROL for nearcast-control, or that of the dev preset."""
    root = pathlib.Path(__file__).resolve().parents[2]
    variable = name.upper().replace("-", "_")
    return os.environ.get(variable, str(root / "build/dev/bin" / name))


class Answer:
    """What came back: status, headers with names in lower case, the body's bytes."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]


class Controller:
    """Starts on entry, is stopped in an orderly way on exit, which must succeed."""

    def __init__(self, folder, sections="", database="", tls=False, port=None,
                 name="test"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.api_port = free_port()
        self.tls = tls
        self.log = []
        self.environment = {}  # Beside that of the tests.
        sections = sections.replace("{api_port}", str(self.api_port))
        own = f'[database]\nconnection = "{database}"\n' if database else ""
        listen = f'listen = ["127.0.0.1:{self.port}"]\n'
        serve = (sections.replace("[serve]\n", "[serve]\n" + listen) if "[serve]\n" in sections
                 else sections + "[serve]\n" + listen)
        self.config = self.folder / "control.toml"
        self.config.write_text(
            f'[control]\ndirectory = "{self.folder / "state"}"\nname = "{name}"\n{own}'
            f'[api]\nlisten = "127.0.0.1:{self.api_port}"\ntls = {str(tls).lower()}\n{serve}')

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen([program("nearcast-control"), "--config", self.config],
                                        stderr=subprocess.PIPE, text=True,
                                        env=os.environ | self.environment)
        self._status_wanted = 0
        self._lines = queue.Queue()
        threading.Thread(target=self._collect, args=(self.process, self._lines),
                         daemon=True).start()
        self.wait_for_event("serving")
        self.key = (self.folder / "state/admin.key").read_text().strip()

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(START_LIMIT)
        if kind is None:
            assert status == self._status_wanted, self._told(f"ended with {status}")
        else:
            print(self._told(f"ended with {status}"))

    def kill(self):
        """As a power cut ends it. It must have lived till then."""
        assert self.process.poll() is None, self._told("had ended")
        self.process.kill()
        self._status_wanted = self.process.wait()
        assert self._status_wanted == -signal.SIGKILL, self._told("was no longer alive")

    @staticmethod
    def _collect(process, lines):
        for line in process.stderr:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    def wait_for_event(self, event):
        while (line := self._next_line()) is not None:
            if re.search(rf"(^|\s){event}(\s|$)", line):
                return line
        raise AssertionError(self._told(f"ended before {event}"))

    def _next_line(self):
        """What it says next; None once it has ended, and ever after."""
        line = self._lines.get(timeout=START_LIMIT)
        if line is None:
            self._lines.put(None)
        else:
            self.log.append(line)
        return line

    def _told(self, what):
        """What happened, and all that it said: a sanitizer's report comes at the very end."""
        while self._next_line() is not None:
            pass
        return f"nearcast-control {what}:\n" + "\n".join(self.log)

    def connection(self):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=60)
        context = ssl.create_default_context(cafile=self.folder / "state/api.pem")
        return http.client.HTTPSConnection("localhost", self.api_port, timeout=60, context=context)

    def ask(self, method, path, body=None, key=True, raw=None, headers=None, connection=None):
        """One request. `path` is below /api/v1/servers/localhost unless it begins with /api."""
        sent = {"X-API-Key": self.key} if key is True else {"X-API-Key": key} if key else {}
        sent |= headers or {}
        data = raw if raw is not None else None if body is None else json.dumps(body)
        own = connection is None
        connection = connection or self.connection()
        connection.request(method, path if path.startswith(("/api", "/nic")) else API + path, data, sent)
        answer = Answer(connection.getresponse())
        if own:
            connection.close()
        return answer

    def create(self, name="example.com.", **more):
        body = {"name": name, "kind": "Native", "nameservers": ["ns1.example.net."]} | more
        answer = self.ask("POST", "/zones", body)
        assert answer.status == 201, answer.body
        return answer

    def patch(self, *rrsets, zone="example.com.", **more):
        return self.ask("PATCH", f"/zones/{zone}", {"rrsets": list(rrsets)}, **more)

    def rrset(self, name, kind, zone="example.com."):
        """The contents of one set as the zone shows them; None when it is not there."""
        for rrset in self.ask("GET", f"/zones/{zone}").json["rrsets"]:
            if (rrset["name"], rrset["type"]) == (name, kind):
                return [record["content"] for record in rrset["records"]]
        return None


def replace(name, kind, *contents, ttl=300, **more):
    return {"name": name, "type": kind, "ttl": ttl, "changetype": "REPLACE",
            "records": [{"content": each, "disabled": False} for each in contents]} | more


def delete(name, kind, **more):
    return {"name": name, "type": kind, "changetype": "DELETE"} | more
