"""From the API to the nodes: over TLS, by a catalog, a moment later."""

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.xfr
import pytest

import peers
import stream
from controller import Controller, delete, replace
from server import Server, free_port

ZONE = "example.com."
CATALOG = "catalog.nearcast"
PRIMARY, NODE = "primary.example", "node.example"


def records_at(port, name, kind):
    query = dns.message.make_query(name, kind)
    try:
        response = dns.query.udp(query, "127.0.0.1", port=port, timeout=10)
    except dns.exception.Timeout:
        return None, []
    return response.rcode(), sorted(str(record) for rrset in response.answer for record in rrset)


def answers(port, name, kind, *contents):
    return lambda: records_at(port, name, kind) == (dns.rcode.NOERROR, sorted(contents))


class World:
    """What the controller and its nodes have in common."""

    def __init__(self, folder, nodes=1):
        self.folder = folder
        self.authority = stream.Authority(folder / "certificates")
        self.node_ports = [free_port() for _ in range(nodes)]
        self.tls_port = free_port()

    def controller(self, database="", more=""):
        certificate, key = self.authority.issue(PRIMARY)
        notify = ", ".join(f'"127.0.0.1:{port}"' for port in self.node_ports)
        return Controller(self.folder / "control", database=database, sections=f"""
[serve]
tls_listen = ["127.0.0.1:{self.tls_port}"]
[tls]
certificate = "{certificate}"
key = "{key}"
client_ca = "{self.authority.certificate}"
[[key]]
name = "{peers.KEY_NAME}"
secret = "{peers.SECRET}"
[transfer]
allow = ["tls:{NODE}", "key:{peers.KEY_NAME}"]
notify = [{notify}]
[[catalog.publish]]
zone = "{CATALOG}"
{more}""")

    def node(self, number=0, *options):
        certificate, key = self.authority.issue(NODE)
        empty = self.folder / "none"
        empty.mkdir(exist_ok=True)
        path = self.folder / f"node{number}.toml"
        path.write_text(f"""
[[key]]
name = "{peers.KEY_NAME}"
secret = "{peers.SECRET}"
[transfer]
directory = "{self.folder / f"kept{number}"}"
allow = ["key:{peers.KEY_NAME}"]
[[catalog.follow]]
zone = "{CATALOG}"
primaries = ["127.0.0.1:{self.tls_port}"]
tls = "hidden"
[[tls.profile]]
name = "hidden"
server_name = "{PRIMARY}"
ca = "{self.authority.certificate}"
certificate = "{certificate}"
key = "{key}"
""")
        return Server(empty, "--settings", path, *options, port=self.node_ports[number])


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_change_reaches_a_node(world, database):
    with world.controller(database) as controller, world.node() as node:
        controller.create()
        peers.wait_until(answers(node.port, ZONE, "NS", "ns1.example.net."), "the zone", 60)
        controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
        peers.wait_until(answers(node.port, "www." + ZONE, "A", "192.0.2.1"), "the record", 60)
        controller.patch(replace("www." + ZONE, "A", "192.0.2.2", "192.0.2.3"))
        peers.wait_until(answers(node.port, "www." + ZONE, "A", "192.0.2.2", "192.0.2.3"),
                         "the change", 60)
        serial = controller.ask("GET", f"/zones/{ZONE}").json["serial"]
        assert peers.serial_at(node.port, ZONE) == serial
        controller.patch(delete("www." + ZONE, "A"))
        peers.wait_until(lambda: records_at(node.port, "www." + ZONE, "A")[0] == dns.rcode.NXDOMAIN,
                         "the end of the record", 60)
        controller.ask("DELETE", f"/zones/{ZONE}")
        peers.wait_until(lambda: records_at(node.port, ZONE, "NS")[0] == dns.rcode.REFUSED,
                         "the end of the zone", 60)


def test_a_disabled_record_is_not_served(world):
    with world.controller() as controller:
        controller.create()
        rrset = replace("www." + ZONE, "A", "192.0.2.1", "192.0.2.2")
        rrset["records"][0]["disabled"] = True
        controller.patch(rrset)
        peers.wait_until(answers(controller.port, "www." + ZONE, "A", "192.0.2.2"), "it", 60)


def test_a_zone_is_served_after_a_kill_as_it_was_changed_before(world, database):
    with world.controller(database) as controller, world.node() as node:
        controller.create()
        for i in range(20):
            assert controller.patch(replace(f"h{i}." + ZONE, "A", "192.0.2.1")).status == 204
        controller.kill()
        controller.start()
        for i in range(20):
            assert answers(controller.port, f"h{i}." + ZONE, "A", "192.0.2.1")()
        peers.wait_until(answers(node.port, "h19." + ZONE, "A", "192.0.2.1"), "all of it", 60)
        controller.patch(replace("www." + ZONE, "A", "192.0.2.7"))
        peers.wait_until(answers(node.port, "www." + ZONE, "A", "192.0.2.7"), "a change", 60)


def test_a_zone_without_name_servers_waits_for_them(world):
    with world.controller() as controller:
        controller.create(nameservers=[])
        controller.wait_for_event("zone_not_published")
        assert records_at(controller.port, ZONE, "SOA")[0] == dns.rcode.REFUSED
        controller.patch(replace(ZONE, "NS", "ns1.example.net."))
        peers.wait_until(answers(controller.port, ZONE, "NS", "ns1.example.net."), "it", 60)
        controller.patch(delete(ZONE, "NS"))
        controller.wait_for_event("zone_not_published")
        assert answers(controller.port, ZONE, "NS", "ns1.example.net.")(), "the last good version"


def catalog_of(controller):
    """Its lines; none before it is there."""
    try:
        return peers.transfer(controller.port, CATALOG)
    except dns.xfr.TransferError:
        return []


def test_the_catalog_bears_serials_and_is_private(world):
    with world.controller() as controller:
        controller.create()
        serial = controller.ask("GET", f"/zones/{ZONE}").json["serial"]
        peers.wait_until(lambda: any(
            f'0 txt "{serial}"' in line.lower() for line in catalog_of(controller)
            if "serial.nearcast.ext." in line), "the serial in the catalog", 60)
        assert records_at(controller.port, CATALOG, "SOA")[0] == dns.rcode.REFUSED


@pytest.mark.parametrize("peer", [peers.Knot, peers.Bind], ids=lambda peer: peer.program)
def test_others_follow_a_plain_catalog(world, peer, tmp_path):
    theirs = peer(tmp_path / "peer")
    world.node_ports = [theirs.port]
    with world.controller(more="serials = false\n") as controller:
        controller.create()
        peers.wait_until(answers(controller.port, ZONE, "NS", "ns1.example.net."), "it", 60)
        with theirs.as_follower(CATALOG, controller.port):
            peers.wait_until(answers(theirs.port, ZONE, "NS", "ns1.example.net."), "the zone", 60)
            controller.patch(replace("www." + ZONE, "A", "192.0.2.1"))
            peers.wait_until(answers(theirs.port, "www." + ZONE, "A", "192.0.2.1"), "it", 60)
