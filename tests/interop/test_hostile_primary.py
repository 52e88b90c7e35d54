"""What a primary that means harm can do to its secondary: nothing, and the last good zone goes on."""

import socket
import struct
import threading

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rrset
import pytest

import peers
from server import Server

ZONE = "victim.example"


def soa(serial):
    return dns.rrset.from_text(f"{ZONE}.", 300, "IN", "SOA",
                               f"ns1.{ZONE}. host.{ZONE}. {serial} 60 1 3600 60")


def response_to(query):
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    return response


def good_zone(query, serial):
    response = response_to(query)
    response.answer = [soa(serial), dns.rrset.from_text(f"{ZONE}.", 300, "IN", "NS", f"ns1.{ZONE}."),
                       dns.rrset.from_text(f"ns1.{ZONE}.", 300, "IN", "A", "192.0.2.1"), soa(serial)]
    return response


class Hostile:
    """Serves a good zone first; with `attack` set, a newer serial, and then what that does."""

    def __init__(self):
        self.attack = None
        self.attacked = threading.Event()
        self.port = peers.free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self):
        self.udp.close()
        self.tcp.close()

    def _serve_udp(self):
        while True:
            try:
                wire, peer = self.udp.recvfrom(4096)
                response = response_to(dns.message.from_wire(wire))
                response.answer = [soa(9 if self.attack else 7)]
                self.udp.sendto(response.to_wire(), peer)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                link, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_link, args=(link,), daemon=True).start()

    def _serve_link(self, link):
        with link:
            try:
                size, = struct.unpack("!H", link.recv(2, socket.MSG_WAITALL))
                query = dns.message.from_wire(link.recv(size, socket.MSG_WAITALL))
                if self.attack:
                    self.attack(query, lambda wire: link.sendall(struct.pack("!H", len(wire)) + wire))
                    self.attacked.set()
                else:
                    wire = good_zone(query, 7).to_wire()
                    link.sendall(struct.pack("!H", len(wire)) + wire)
            except (OSError, struct.error):
                self.attacked.set()


def wrong_id(query, send):
    response = good_zone(query, 9)
    response.id ^= 1
    send(response.to_wire())


def another_question(query, send):
    response = good_zone(query, 9)
    response.question = dns.message.make_query("other.example", "AXFR").question
    send(response.to_wire())


def records_of_others(query, send):
    response = good_zone(query, 9)
    response.answer.insert(2, dns.rrset.from_text("www.bank.example.", 300, "IN", "A", "192.0.2.66"))
    send(response.to_wire())


def huge_counts(query, send):
    wire = bytearray(good_zone(query, 9).to_wire())
    wire[6:8] = b"\xff\xff"
    send(bytes(wire))


def no_end(query, send):
    """As many records as fit through in a moment, then silence for ever, by hanging up."""
    response = response_to(query)
    response.answer = [soa(9)]
    send(response.to_wire())
    for number in range(2000):
        response.answer = [dns.rrset.from_text(f"h{number}.{ZONE}.", 300, "IN", "A", "192.0.2.1")]
        send(response.to_wire())


def changes_that_do_not_fit(query, send):
    response = response_to(query)
    ghost = dns.rrset.from_text(f"ghost.{ZONE}.", 300, "IN", "A", "192.0.2.1")
    response.answer = [soa(9), soa(7), ghost, soa(9), soa(9)]
    send(response.to_wire())


def changes_without_end(query, send):
    response = response_to(query)
    response.answer = [soa(4000), soa(7), soa(8)]
    send(response.to_wire())
    for serial in range(8, 2000):
        response.answer = [soa(serial), soa(serial + 1)]
        send(response.to_wire())


def no_message(_, send):
    send(b"\x00" * 5)


def no_ns(query, send):
    response = response_to(query)
    response.answer = [soa(9), soa(9)]
    send(response.to_wire())


def truncated(query, send):
    response = good_zone(query, 9)
    response.flags |= dns.flags.TC
    send(response.to_wire())


ATTACKS = [truncated, wrong_id, another_question, records_of_others, huge_counts, no_end,
           changes_that_do_not_fit, changes_without_end, no_message, no_ns]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_last_good_zone_goes_on(attack, transfers, tmp_path):
    empty = tmp_path / "none"
    empty.mkdir()
    primary = Hostile()
    config = transfers(f'[transfer]\ndirectory = "{tmp_path / "store"}"\n'
                       f'[[secondary]]\nzone = "{ZONE}"\n'
                       f'primaries = ["127.0.0.1:{primary.port}"]\n')
    try:
        with Server(empty, "--settings", config) as ours:
            ours.wait_for_event("secondary_fetched")
            primary.attack = attack
            notify = dns.message.make_query(ZONE, "SOA")
            notify.set_opcode(dns.opcode.NOTIFY)
            answer = dns.query.udp(notify, "127.0.0.1", port=ours.port, timeout=10)
            assert answer.rcode() == dns.rcode.NOERROR
            line = ours.wait_for_event("secondary_failed")
            assert "still_serving=7" in line
            assert primary.attacked.wait(10)
            assert peers.serial_at(ours.port, ZONE) == 7
    finally:
        primary.close()
