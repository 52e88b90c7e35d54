"""Nearcast tells secondaries that a zone has changed, and they come for it at once."""

import socket

import dns.flags
import dns.message
import dns.opcode
import dns.tsig
import pytest

import peers
from server import Server


def change(zones, zone):
    """Raises the serial in the zone's file."""
    path = zones / f"{zone}.zone"
    path.write_text(path.read_text().replace("hostmaster 7 ", "hostmaster 8 "))


@pytest.mark.parametrize("peer", peers.ALL, ids=lambda peer: peer.program)
def test_a_secondary_comes_at_once(peer, zones, transfers, tmp_path):
    """Its own refresh is a minute away, so that only NOTIFY can be the reason."""
    zone = "odd.example"
    theirs = peer(tmp_path / "peer")
    with peers.secondary_of_ours(theirs, zone, zones, transfers) as ours:
        change(zones, zone)
        ours.reload()
        peers.wait_until(lambda: peers.serial_at(theirs.port, zone) == 8,
                         "the transfer after NOTIFY", seconds=25)


class Listener:
    """A secondary that hears NOTIFY and answers when told to."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(20)
        self.port = self.socket.getsockname()[1]

    def hear(self):
        wire, self.source = self.socket.recvfrom(4096)
        return dns.message.from_wire(wire, keyring=peers.KEYRING)

    def acknowledge(self, message):
        self.socket.sendto(dns.message.make_response(message).to_wire(), self.source)


def test_it_is_said_again_until_it_was_heard(zones, transfers):
    secondary = Listener()
    config = transfers(f'[[transfer.zone]]\nzone = "odd.example"\n'
                       f'notify = ["127.0.0.1:{secondary.port}"]\n')
    with Server(zones, "--settings", config) as ours:
        first, again = secondary.hear(), secondary.hear()
        assert first.id == again.id
        assert first.opcode() == dns.opcode.NOTIFY
        assert first.flags & dns.flags.AA
        assert str(first.question[0]) == "odd.example. IN SOA"
        secondary.acknowledge(again)
        # Another change is the next that is heard: nothing came in between.
        change(zones, "odd.example")
        ours.reload()
        assert secondary.hear().id != first.id


def test_it_is_said_at_a_start_of_what_comes_from_the_store(zones, transfers, tmp_path):
    """Whoever was killed behind a change has told nobody."""
    secondary = Listener()
    config = transfers(f'[[transfer.zone]]\nzone = "odd.example"\n'
                       f'notify = ["127.0.0.1:{secondary.port}"]\n'
                       f'[store]\ndirectory = "{tmp_path}/kept"\n')
    for _ in range(2):
        with Server(zones, "--settings", config) as ours:
            heard = secondary.hear()
            assert str(heard.question[0]) == "odd.example. IN SOA"
            secondary.acknowledge(heard)
    assert "restored=" in "\n".join(ours.log) and "restored=0" not in "\n".join(ours.log)


def test_it_is_signed_and_so_must_be_the_answer(zones, transfers):
    secondary = Listener()
    config = transfers(f'[[transfer.zone]]\nzone = "odd.example"\n'
                       f'notify = ["127.0.0.1:{secondary.port}"]\n'
                       f'notify_key = "{peers.KEY_NAME}"\n')
    with Server(zones, "--settings", config):
        message = secondary.hear()
        assert message.had_tsig
        unsigned = dns.message.Message(id=message.id)
        unsigned.flags = dns.flags.QR
        unsigned.set_opcode(dns.opcode.NOTIFY)
        unsigned.question = message.question
        secondary.socket.sendto(unsigned.to_wire(), secondary.source)
        assert secondary.hear().id == message.id
