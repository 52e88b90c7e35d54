"""Nodes that join a controller of ours: what the command does, without its files in /etc."""

import json

from server import Server, free_port
from test_network import make_pop, public_key


class Node(Server):
    """A server with the identity that the controller gave it."""

    def __init__(self, folder, controller, pop, token=None):
        folder.mkdir(parents=True, exist_ok=True)
        empty = folder / "none"
        empty.mkdir(exist_ok=True)
        port = free_port()
        token = token or make_pop(controller, pop)["join"]["token"]
        body = {"token": token, "public_key": public_key(folder, "node"),
                "address": f"127.0.0.1:{port}"}
        answer = controller.ask("POST", "/api/v1/join", body, key=False)
        assert answer.status == 201, answer.body
        self.identity = answer.json
        self.name = self.identity["node"]
        for file, text in (("node.pem", "certificate"), ("ca.pem", "authority")):
            (folder / file).write_text(self.identity[text])
        settings = folder / "settings.toml"
        settings.write_text(f"""
[[key]]
name = "{self.identity["key"]["name"]}"
secret = "{self.identity["key"]["secret"]}"
[transfer]
directory = "{folder / "kept"}"
[[catalog.follow]]
zone = "{self.identity["catalog"]}"
primaries = {json.dumps(self.identity["primaries"])}
key = "{self.identity["key"]["name"]}"
tls = "hidden"
report = true
[[tls.profile]]
name = "hidden"
server_name = "{self.identity["server_name"]}"
ca = "{folder / "ca.pem"}"
certificate = "{folder / "node.pem"}"
key = "{folder / "node.key"}"
""")
        super().__init__(empty, "--settings", settings, port=port)
        self._settings = settings

    def again(self):
        """The same node, once it was killed."""
        return Server(self.zones, "--settings", self._settings, port=self.port)


def state(controller, node):
    return controller.ask("GET", f"/api/v1/nodes/{node}").json
