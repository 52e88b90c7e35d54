"""Catalog zones (RFC 9432), followed and published, with ourselves and with others."""

import dns.message
import dns.query
import dns.rcode
import dns.update
import pytest

import peers
from server import Server, free_port

CATALOG = "catalog.example"
ZONES = ["odd.example", "large.example"]


def follow(port, folder):
    return (f'[transfer]\nallow = ["key:{peers.KEY_NAME}"]\ndirectory = "{folder}"\n'
            f'[[catalog.follow]]\nzone = "{CATALOG}"\nkey = "{peers.KEY_NAME}"\n'
            f'primaries = ["127.0.0.1:{port}"]\n')


def publish(folder, secondary_port, more=""):
    return (f'[transfer]\nallow = ["key:{peers.KEY_NAME}"]\ndirectory = "{folder}"\n'
            f'notify = ["127.0.0.1:{secondary_port}"]\n'
            f'[[catalog.publish]]\nzone = "{CATALOG}"\n{more}')


def settings(path, text):
    path.write_text(f'[[key]]\nname = "{peers.KEY_NAME}"\nsecret = "{peers.SECRET}"\n{text}')
    return path


def rcode_at(port, zone, signed=False):
    query = dns.message.make_query(zone, "SOA")
    if signed:
        query.use_tsig(peers.KEYRING)
    return dns.query.udp(query, "127.0.0.1", port=port, timeout=10).rcode()


def rcode_of_update(port, zone):
    update = dns.update.UpdateMessage(zone)
    update.add("new", 60, "A", "192.0.2.1")
    return dns.query.udp(update, "127.0.0.1", port=port, timeout=10).rcode()


def serves(port, zones, serial=7):
    return lambda: all(peers.serial_at(port, zone) == serial for zone in zones)


def write_zone(zones, name, serial=7):
    (zones / f"{name}.zone").write_text(
        f"$TTL 300\n@ SOA ns1 hostmaster {serial} 60 30 3600 60\n@ NS ns1\nns1 A 192.0.2.1\n")


@pytest.fixture
def pair(zones, tmp_path):
    """A publisher of what is in `zones`, and a follower that has no zones of its own."""
    empty = tmp_path / "none"
    empty.mkdir()
    port = free_port()
    ours = settings(tmp_path / "publisher.toml", publish(tmp_path / "publisher", port))
    with Server(zones, "--settings", ours) as publisher:
        theirs = settings(tmp_path / "follower.toml",
                          follow(publisher.port, tmp_path / "follower"))
        with Server(empty, "--settings", theirs, port=port) as follower:
            peers.wait_until(serves(follower.port, ZONES), "the first transfers", seconds=30)
            yield publisher, follower


def test_a_follower_serves_what_is_listed(pair, zones):
    publisher, follower = pair
    write_zone(zones, "new.example")
    publisher.reload()
    peers.wait_until(serves(follower.port, ["new.example"]), "the new zone", seconds=30)
    write_zone(zones, "new.example", serial=8)
    publisher.reload()
    peers.wait_until(serves(follower.port, ["new.example"], 8), "the new serial", seconds=30)
    (zones / "new.example.zone").unlink()
    publisher.reload()
    peers.wait_until(lambda: rcode_at(follower.port, "new.example") == dns.rcode.REFUSED,
                     "the end of the zone", seconds=30)
    assert serves(follower.port, ZONES)()


def test_a_catalog_is_nobodys_business(pair):
    for server in pair:
        assert rcode_at(server.port, CATALOG) == dns.rcode.REFUSED
        assert rcode_at(server.port, f"version.{CATALOG}") == dns.rcode.REFUSED
        assert rcode_at(server.port, CATALOG, signed=True) == dns.rcode.NOERROR
        assert rcode_of_update(server.port, CATALOG) == rcode_of_update(server.port, "none.example")


def test_a_catalog_bears_the_serials(pair):
    publisher, _ = pair
    lines = [line for line in peers.transfer(publisher.port, CATALOG)
             if "serial.nearcast.ext." in line]
    assert len(lines) == len(ZONES)
    assert all(line.endswith('0 txt "7"') for line in (text.lower() for text in lines))


def test_a_file_that_is_gone_gives_way_to_a_catalog(zones, tmp_path):
    """Zones that move from files to a catalog: all files are gone, and the store has the zones."""
    own = tmp_path / "own"
    own.mkdir()
    write_zone(own, "odd.example", serial=5)
    before = settings(tmp_path / "before.toml", f'[store]\ndirectory = "{tmp_path / "store"}"\n')
    with Server(own, "--settings", before) as server:
        assert serves(server.port, ["odd.example"], 5)()
    (own / "odd.example.zone").unlink()
    ours = settings(tmp_path / "publisher.toml", publish(tmp_path / "publisher", free_port()))
    with Server(zones, "--settings", ours) as publisher:
        after = settings(tmp_path / "after.toml", follow(publisher.port, tmp_path / "store"))
        with Server(own, "--settings", after) as server:
            peers.wait_until(lambda: any("is configured here otherwise" in line for line in server.log),
                             "the conflict")
            assert serves(server.port, ["odd.example"], 5)()  # Rather that than nothing.
            assert "no *.zone files" in server.reload()
            peers.wait_until(serves(server.port, ZONES), "the transfers", seconds=30)


def test_no_file_takes_the_place_of_a_catalog_of_ours(pair, zones):
    publisher, _ = pair
    (zones / f"{CATALOG}.zone").write_text(
        "$TTL 60\n@ SOA ns1 host 5 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n")
    assert "failed=1" in publisher.reload()
    assert any("version." in line for line in peers.transfer(publisher.port, CATALOG))


def test_a_follower_has_its_zones_after_a_restart_without_the_publisher(zones, tmp_path):
    empty = tmp_path / "none"
    empty.mkdir()
    ours = settings(tmp_path / "publisher.toml", publish(tmp_path / "publisher", free_port()))
    with Server(zones, "--settings", ours) as publisher:
        theirs = settings(tmp_path / "follower.toml",
                          follow(publisher.port, tmp_path / "follower"))
        with Server(empty, "--settings", theirs) as follower:
            peers.wait_until(serves(follower.port, ZONES), "the first transfers", seconds=30)
    with Server(empty, "--settings", theirs) as follower:
        peers.wait_until(serves(follower.port, ZONES), "what is stored", seconds=30)


@pytest.mark.parametrize("peer", [peers.Knot, peers.Bind, peers.PowerDns],
                         ids=lambda peer: peer.program)
def test_others_follow_ours(peer, zones, tmp_path):
    theirs = peer(tmp_path / "peer")
    text = publish(tmp_path / "publisher", theirs.port, "serials = false\n")
    if peer is peers.PowerDns:  # 4.7 signs the question for the catalog, and none for a member.
        text = text.replace("allow = [", 'allow = ["127.0.0.1", ')
    config = settings(tmp_path / "publisher.toml", text)
    with Server(zones, "--settings", config) as ours:
        with theirs.as_follower(CATALOG, ours.port):
            peers.wait_until(serves(theirs.port, ZONES), "the first transfers", seconds=60)
            write_zone(zones, "new.example")
            ours.reload()
            peers.wait_until(serves(theirs.port, ["new.example"]), "the new zone", seconds=60)


@pytest.mark.parametrize("peer", [peers.Knot, peers.PowerDns], ids=lambda peer: peer.program)
def test_we_follow_a_catalog_of_others(peer, zones, tmp_path):
    empty = tmp_path / "none"
    empty.mkdir()
    theirs = peer(tmp_path / "peer")
    config = settings(tmp_path / "follower.toml", follow(theirs.port, tmp_path / "follower"))
    with Server(empty, "--settings", config) as ours:
        with theirs.as_publisher(CATALOG, [zones / f"{zone}.zone" for zone in ZONES], ours.port):
            peers.wait_until(serves(ours.port, ZONES), "the first transfers", seconds=60)


def test_groups_choose_primaries_and_owners_give_zones_away(zones, tmp_path):
    """Two catalogs, written by hand and kept by BIND, which knows nothing of what they mean."""
    empty = tmp_path / "none"
    empty.mkdir()
    head = "$TTL 0\n@ SOA invalid. invalid. 7 2 2 3600 0\n@ NS invalid.\nversion TXT 2\n"
    theirs = peers.Bind(tmp_path / "peer")
    lines = ""
    for name, text in [("c1.example", head + "a.zones PTR odd.example.\n"),
                       ("c2.example", head + "b.zones PTR odd.example.\n"
                        "g.zones PTR large.example.\ngroup.g.zones TXT elsewhere\n")]:
        theirs.write(f"{name}.zone", text)
        lines += f'zone "{name}" {{ type primary; file "{name}.zone"; }};\n'
    for zone in ZONES:
        theirs.write(f"{zone}.zone", (zones / f"{zone}.zone").read_text())
    theirs.configure(lines + f'zone "odd.example" {{ type primary; file "odd.example.zone"; }};\n')
    other = peers.Bind(tmp_path / "other")
    other.write("large.example.zone", (zones / "large.example.zone").read_text())
    other.configure('zone "large.example" { type primary; file "large.example.zone"; };\n')
    config = tmp_path / "follower.toml"
    config.write_text(
        f'[transfer]\ndirectory = "{tmp_path / "kept"}"\n'
        f'[[catalog.follow]]\nzone = "c1.example"\nprimaries = ["127.0.0.1:{theirs.port}"]\n'
        f'[[catalog.follow]]\nzone = "c2.example"\nprimaries = ["127.0.0.1:{theirs.port}"]\n'
        f'[[catalog.follow.group]]\nname = "elsewhere"\n'
        f'primaries = ["127.0.0.1:{other.port}"]\n')
    with theirs, other, Server(empty, "--settings", config) as ours:
        peers.wait_until(serves(ours.port, ZONES), "the first transfers", seconds=60)
        path = theirs.folder / "c1.example.zone"
        path.write_text(head.replace(" 7 2", " 8 2") + "a.zones PTR odd.example.\n"
                        "coo.a.zones PTR c2.example.\n")
        theirs.reload()
        peers.wait_until(lambda: followed(ours, "c1.example", 8), "the new owner", seconds=60)
        path.write_text(head.replace(" 7 2", " 9 2"))
        theirs.reload()
        peers.wait_until(lambda: followed(ours, "c1.example", 9), "the end of the old",
                         seconds=60)
        assert serves(ours.port, ZONES)()


def followed(server, catalog, serial):
    line = server.wait_for_event("catalog_followed")
    return f"catalog={catalog}." in line and f"serial={serial} " in line
