"""Catalogs by the API of PowerDNS: zones of kind Producer list those whose catalog they are."""

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import pytest

import peers
from controller import Controller, replace

CATALOG = "catalog.example."
NETWORK_CATALOG = "network.invalid."
MEMBERS = ["a.example.org.", "b.example.org."]
SECTIONS = f"""
[[key]]
name = "{peers.KEY_NAME}"
secret = "{peers.SECRET}"
[transfer]
allow = ["key:{peers.KEY_NAME}"]
notify = [%s]
[[catalog.publish]]
zone = "{NETWORK_CATALOG}"
"""
PEERS = pytest.mark.parametrize("peer", [peers.Knot, peers.Bind, peers.PowerDns],
                                ids=lambda peer: peer.program)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with Controller(tmp_path_factory.mktemp("control"), sections=SECTIONS % "") as controller:
        yield controller


def make(controller, catalog=CATALOG, **more):
    return controller.create(catalog, kind="Producer", nameservers=[], **more)


def listed(controller, catalog=CATALOG):
    """The members by the records of the catalog, as the API has them."""
    zone = controller.ask("GET", f"/zones/{catalog}").json
    return sorted(record["content"] for rrset in zone["rrsets"] if rrset["type"] == "PTR"
                  for record in rrset["records"])


def set_catalog(controller, zone, catalog, **more):
    answer = controller.ask("PUT", f"/zones/{zone}", {"catalog": catalog} | more)
    assert answer.status == 204, answer.body


@PEERS
def test_others_serve_what_a_producer_lists(peer, tmp_path):
    theirs = peer(tmp_path / "peer")
    sections = SECTIONS % f'"127.0.0.1:{theirs.port}"'
    if peer is peers.PowerDns:  # It asks for members without the key.
        sections = sections.replace("allow = [", 'allow = ["127.0.0.1", ')

    def is_served(zone):
        return peers.serial_at(theirs.port, zone) is not None

    with Controller(tmp_path / "control", sections=sections) as controller:
        make(controller)
        controller.create(MEMBERS[0], kind="Master", catalog=CATALOG)
        controller.create(MEMBERS[1], nameservers=["ns1.example.net."])
        with theirs.as_follower(CATALOG.rstrip("."), controller.port):
            peers.wait_until(lambda: is_served(MEMBERS[0]), "the first member", 60)
            assert not is_served(MEMBERS[1])
            set_catalog(controller, MEMBERS[1], CATALOG)
            peers.wait_until(lambda: is_served(MEMBERS[1]), "the second", 60)
            serial = controller.patch(replace("www." + MEMBERS[0], "A", "192.0.2.1"),
                                      zone=MEMBERS[0]).headers["x-pdns-new-serial"]
            peers.wait_until(lambda: peers.serial_at(theirs.port, MEMBERS[0]) == int(serial),
                             "its change", 60)
            set_catalog(controller, MEMBERS[0], "")
            peers.wait_until(lambda: not is_served(MEMBERS[0]), "its end", 60)
            assert controller.ask("DELETE", f"/zones/{MEMBERS[1]}").status == 204
            peers.wait_until(lambda: not is_served(MEMBERS[1]), "the other's", 60)


def test_what_it_lists_are_records_with_a_history(controller):
    serials = [make(controller).json["serial"]]
    assert controller.rrset(CATALOG, "NS", CATALOG) == ["invalid."]
    assert controller.rrset("version." + CATALOG, "TXT", CATALOG) == ['"2"']
    controller.create(MEMBERS[0], catalog=CATALOG)
    controller.create(MEMBERS[1], catalog=CATALOG, catalog_groups=["slow", "north"])
    assert listed(controller) == MEMBERS
    zone = controller.ask("GET", f"/zones/{CATALOG}").json
    groups = [sorted(record["content"] for record in rrset["records"]) for rrset in zone["rrsets"]
              if rrset["name"].startswith("group.")]
    assert groups == [['"north"', '"slow"']]
    assert controller.ask("GET", f"/zones/{MEMBERS[1]}").json["catalog_groups"] == ["slow", "north"]
    set_catalog(controller, MEMBERS[1], CATALOG, catalog_groups=[])
    assert not [rrset for rrset in controller.ask("GET", f"/zones/{CATALOG}").json["rrsets"]
                if rrset["name"].startswith("group.")]
    assert controller.ask("DELETE", f"/zones/{MEMBERS[0]}").status == 204
    assert listed(controller) == MEMBERS[1:]
    changes = controller.ask("GET", f"/api/v1/changes?zone={CATALOG}").json
    assert [(each["kind"], each["actor"], each["comment"]) for each in changes] == [
        ("records", "catalog", MEMBERS[0]), ("records", "catalog", MEMBERS[1]),
        ("records", "catalog", MEMBERS[1]), ("records", "catalog", MEMBERS[0]),
        ("create", changes[-1]["actor"], "")]
    serials += [each["new_serial"] for each in reversed(changes)][1:]
    assert serials == list(range(serials[0], serials[0] + 5))
    # The same zone again is no change of it.
    set_catalog(controller, MEMBERS[1], CATALOG)
    assert len(controller.ask("GET", f"/api/v1/changes?zone={CATALOG}").json) == 5


def test_nobody_else_writes_what_it_lists(controller):
    make(controller)
    controller.create(MEMBERS[0], catalog=CATALOG)
    for edit in (replace("x.zones." + CATALOG, "PTR", "c.example.org."),
                 replace("version." + CATALOG, "TXT", '"1"')):
        answer = controller.patch(edit, zone=CATALOG)
        assert answer.status == 422
        assert "kind Producer" in answer.error
    last = controller.ask("GET", f"/api/v1/changes?zone={CATALOG}").json[0]["sequence"]
    answer = controller.ask("POST", f"/api/v1/changes/{last}/revert", {})
    assert answer.status == 422
    assert listed(controller) == MEMBERS[:1]
    assert controller.patch(replace(CATALOG, "NS", "ns1.example.net."), zone=CATALOG).status == 204
    answer = controller.ask("POST", "/zones", {
        "name": "other.example.", "kind": "Producer", "rrsets": [
            {"name": "a.other.example.", "type": "A", "ttl": 60,
             "records": [{"content": "192.0.2.1"}]}]})
    assert answer.status == 422
    assert "kind Producer" in answer.error


def test_a_catalog_that_comes_back_lists_who_names_it_then(tmp_path, database):
    with Controller(tmp_path, sections=SECTIONS % "", database=database) as controller:
        make(controller)
        controller.create(MEMBERS[0], catalog=CATALOG)
        controller.create(MEMBERS[1], catalog=CATALOG)
        deleted = controller.ask("DELETE", f"/zones/{CATALOG}")
        assert deleted.status == 204
        assert controller.ask("GET", f"/zones/{MEMBERS[0]}").json["catalog"] == CATALOG
        set_catalog(controller, MEMBERS[0], "")
        sequence = deleted.headers["x-nearcast-change"]
        assert controller.ask("POST", f"/api/v1/changes/{sequence}/revert", {}).status == 201
        assert listed(controller) == MEMBERS[1:]
        assert controller.ask("DELETE", f"/zones/{CATALOG}").status == 204
        make(controller)
        assert listed(controller) == MEMBERS[1:]


def test_what_is_no_catalog_lists_nothing(controller):
    make(controller)
    controller.create(MEMBERS[0])
    for body in ({"catalog": "none.example."}, {"catalog": MEMBERS[0]}, {"catalog": "relative"},
                 {"catalog": CATALOG, "catalog_groups": ["two words"]}, {"kind": "Producer"}):
        answer = controller.ask("PUT", f"/zones/{MEMBERS[0]}", body)
        assert answer.status == 422, body
    assert controller.ask("PUT", f"/zones/{CATALOG}", {"catalog": CATALOG}).status == 422
    assert controller.ask("PUT", f"/zones/{CATALOG}", {"kind": "Native"}).status == 422
    long = ".".join(["a" * 60] * 3 + ["a" * 40]) + "."
    answer = controller.ask("POST", "/zones", {"name": long, "kind": "Producer"})
    assert answer.status == 422
    assert "too long" in answer.error


def test_a_key_lists_zones_only_where_it_covers_the_catalog(controller):
    make(controller)
    controller.create(MEMBERS[0])
    key = controller.ask("POST", "/api/v1/keys", {
        "name": "part", "right": "manage", "zones": ["subtree:example.org"]}).json["key"]
    for catalog in (CATALOG, "none.example."):
        answer = controller.ask("PUT", f"/zones/{MEMBERS[0]}", {"catalog": catalog}, key=key)
        assert answer.status == 403, "the same whether it is there or not"
    assert listed(controller) == []
    set_catalog(controller, MEMBERS[0], CATALOG)
    # What is so already may be sent along.
    assert controller.ask("PUT", f"/zones/{MEMBERS[0]}", {"catalog": CATALOG, "kind": "Master"},
                          key=key).status == 204


def is_in_network(controller, zone):
    """Whether the catalog of all zones that the configuration has lists it."""
    return any(line.endswith(" " + zone)
               for line in peers.transfer(controller.port, NETWORK_CATALOG))


def test_it_is_private_and_in_no_other_catalog(controller):
    make(controller)
    controller.create(MEMBERS[0], catalog=CATALOG)

    def ask(kind, keyring=None, name=CATALOG):
        query = dns.message.make_query(name, kind)
        if keyring:
            query.use_tsig(keyring)
        return dns.query.tcp(query, "127.0.0.1", port=controller.port, timeout=10)

    peers.wait_until(lambda: ask("SOA", peers.KEYRING).answer, "the catalog")
    peers.wait_until(lambda: peers.serial_at(controller.port, MEMBERS[0]), "its member")
    for name in (CATALOG, "version." + CATALOG):
        assert ask("TXT", name=name).rcode() == dns.rcode.REFUSED
    peers.wait_until(lambda: sum(" PTR " in line for line in peers.transfer(controller.port, CATALOG)) == 1,
                     "the catalog to list it")
    peers.wait_until(lambda: is_in_network(controller, MEMBERS[0]), "the member")
    assert not is_in_network(controller, CATALOG)
    # A key of the API that may have it may also look.
    made = controller.ask("POST", "/tsigkeys", {"name": "reader", "algorithm": "hmac-sha256",
                                                "right": "read", "zones": [CATALOG]}).json
    keyring = dns.tsigkeyring.from_text({"reader.": made["key"]})
    assert ask("SOA", keyring).answer
    made = controller.ask("POST", "/tsigkeys", {"name": "other", "algorithm": "hmac-sha256",
                                                "right": "read", "zones": MEMBERS}).json
    keyring = dns.tsigkeyring.from_text({"other.": made["key"]})
    assert ask("SOA", keyring).rcode() == dns.rcode.REFUSED
    # As soon as it is gone its name is like all others.
    assert controller.ask("DELETE", f"/zones/{CATALOG}").status == 204
    controller.create(CATALOG)
    peers.wait_until(lambda: ask("SOA").answer, "the zone of its name")


def test_a_restart_keeps_it_private(tmp_path):
    with Controller(tmp_path, sections=SECTIONS % "") as controller:
        make(controller)
        controller.create(MEMBERS[0], catalog=CATALOG)
        peers.wait_until(lambda: peers.serial_at(controller.port, MEMBERS[0]), "the member")
        controller.process.terminate()
        assert controller.process.wait(60) == 0
        controller.start()
        query = dns.message.make_query(CATALOG, "SOA")
        answer = dns.query.tcp(query, "127.0.0.1", port=controller.port, timeout=10)
        assert answer.rcode() == dns.rcode.REFUSED
        assert sum(" PTR " in line for line in peers.transfer(controller.port, CATALOG)) == 1
        peers.wait_until(lambda: is_in_network(controller, MEMBERS[0]), "it for the nodes")
        assert not is_in_network(controller, CATALOG)


# --- Zones of kind Consumer: what others list ---

def zone_files(folder):
    files = []
    for zone in MEMBERS:
        path = folder / f"{zone.rstrip('.')}.zone"
        path.write_text(f"{zone} 300 IN SOA ns1.example.net. hostmaster.{zone} 7 3600 600 86400 300\n"
                        f"{zone} 300 IN NS ns1.example.net.\n")
        files.append(path)
    return files


def consume(controller, primary_port, **more):
    answer = controller.ask("POST", "/zones", {
        "name": CATALOG, "kind": "Consumer", "masters": [f"127.0.0.1:{primary_port}"],
        "slave_tsig_key_ids": [peers.KEY_NAME]} | more)
    assert answer.status == 201, answer.body


def zones_here(controller):
    return {zone["name"]: zone for zone in controller.ask("GET", "/zones").json
            if zone["name"] != CATALOG}


def stop_listing(theirs, files, port):
    """The second member is listed no more."""
    if isinstance(theirs, peers.PowerDns):
        theirs.util("set-catalog", files[1].stem, "")
    else:
        theirs.as_publisher(CATALOG.rstrip("."), files[:1], port)
        theirs.reload()


@pytest.mark.parametrize("peer", [peers.Knot, peers.PowerDns], ids=lambda peer: peer.program)
def test_a_consumer_makes_what_others_list_zones_here(peer, tmp_path):
    files = zone_files(tmp_path)
    theirs = peer(tmp_path / "peer")
    with Controller(tmp_path / "control", sections=SECTIONS % "") as controller:
        with theirs.as_publisher(CATALOG.rstrip("."), files, controller.port):
            consume(controller, theirs.port, account="anna")
            peers.wait_until(lambda: sorted(zones_here(controller)) == MEMBERS, "the members", 60)
            for name, zone in zones_here(controller).items():
                assert (zone["kind"], zone["catalog"], zone["account"], zone["masters"]) == (
                    "Slave", CATALOG, "anna", [f"127.0.0.1:{theirs.port}"])
                peers.wait_until(lambda name=name: peers.serial_at(controller.port, name) == 7,
                                 name, 60)
            changes = controller.ask("GET", f"/api/v1/changes?zone={MEMBERS[0]}").json
            assert [changes[-1][key] for key in ("kind", "actor", "comment")] == [
                "create", "catalog", CATALOG]
            peers.wait_until(lambda: is_in_network(controller, MEMBERS[0]), "it for the nodes")
            assert not is_in_network(controller, CATALOG)
            stop_listing(theirs, files, controller.port)
            peers.wait_until(lambda: sorted(zones_here(controller)) == MEMBERS[:1], "one less", 60)
            peers.wait_until(lambda: peers.serial_at(controller.port, MEMBERS[1]) is None, "it", 60)
            # It is a catalog that others give: nothing here changes what it lists.
            set_catalog(controller, MEMBERS[0], "")
            assert controller.ask("PUT", f"/zones/{MEMBERS[0]}", {"catalog": CATALOG}).status == 422


def test_a_consumer_makes_a_member_anew_when_its_label_changes(tmp_path):
    files = zone_files(tmp_path)
    theirs = peers.PowerDns(tmp_path / "peer")
    with Controller(tmp_path / "control", sections=SECTIONS % "") as controller:
        controller.create(MEMBERS[1], account="mine")
        with theirs.as_publisher(CATALOG.rstrip("."), files, controller.port):
            consume(controller, theirs.port)
            peers.wait_until(lambda: MEMBERS[0] in zones_here(controller), "the member", 60)
            peers.wait_until(lambda: peers.serial_at(controller.port, MEMBERS[0]) == 7, "it", 60)
            own = zones_here(controller)[MEMBERS[1]]
            assert (own["kind"], own["account"]) == ("Native", "mine"), "it was there before"
            theirs.util("set-option", files[0].stem, "producer", "unique", "another")

            def history():
                return [each["kind"] for each in controller.ask(
                    "GET", f"/api/v1/changes?zone={MEMBERS[0]}").json]

            peers.wait_until(lambda: history() == ["transfer", "create", "delete", "transfer",
                                                   "create"], "the zone anew", 60)
            # Its primaries are the catalog's.
            masters = [f"127.0.0.1:{theirs.port}", "127.0.0.1:1"]
            answer = controller.ask("PUT", f"/zones/{CATALOG}", {"masters": masters})
            assert answer.status == 204
            peers.wait_until(lambda: zones_here(controller)[MEMBERS[0]]["masters"] == masters,
                             "its primaries", 60)
            # Without its catalog it is a zone like others.
            assert controller.ask("DELETE", f"/zones/{CATALOG}").status == 204
            assert MEMBERS[0] in zones_here(controller)


def test_a_key_for_some_zones_makes_no_consumer(controller):
    key = controller.ask("POST", "/api/v1/keys", {
        "name": "part", "right": "manage", "zones": ["subtree:example"]}).json["key"]
    answer = controller.ask("POST", "/zones", {"name": CATALOG, "kind": "Consumer",
                                               "masters": ["192.0.2.1"]}, key=key)
    assert answer.status == 403
    assert controller.ask("POST", "/zones", {"name": CATALOG, "kind": "Consumer"}).status == 422
