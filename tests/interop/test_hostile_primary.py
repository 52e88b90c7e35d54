"""What a primary that means harm can do to its secondary: nothing, and the last good zone goes on."""

import threading

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rrset
import pytest

import peers
from fake_primary import FakePrimary, response_to
from server import Server

ZONE = "victim.example"


def soa(serial):
    return dns.rrset.from_text(f"{ZONE}.", 300, "IN", "SOA",
                               f"ns1.{ZONE}. host.{ZONE}. {serial} 60 1 3600 60")


def good_zone(query, serial):
    ns = dns.rrset.from_text(f"{ZONE}.", 300, "IN", "NS", f"ns1.{ZONE}.")
    address = dns.rrset.from_text(f"ns1.{ZONE}.", 300, "IN", "A", "192.0.2.1")
    return response_to(query, soa(serial), ns, address, soa(serial))


class Hostile(FakePrimary):
    """Serves a good zone first; with `attack` set, a newer serial, and then what that does."""

    def __init__(self):
        self.attack = None
        self.attacked = threading.Event()
        super().__init__()

    def soa(self):
        return soa(9 if self.attack else 7)

    def transfer(self, query, send):
        if not self.attack:
            send(good_zone(query, 7))
            return
        try:
            self.attack(query, send)
        finally:
            self.attacked.set()


def wrong_id(query, send):
    response = good_zone(query, 9)
    response.id ^= 1
    send(response)


def another_question(query, send):
    response = good_zone(query, 9)
    response.question = dns.message.make_query("other.example", "AXFR").question
    send(response)


def records_of_others(query, send):
    response = good_zone(query, 9)
    response.answer.insert(2, dns.rrset.from_text("www.bank.example.", 300, "IN", "A", "192.0.2.66"))
    send(response)


def huge_counts(query, send):
    wire = bytearray(good_zone(query, 9).to_wire())
    wire[6:8] = b"\xff\xff"
    send(bytes(wire))


def broken_name(query, send):
    wire = bytearray(good_zone(query, 9).to_wire())
    wire[7] += 1
    send(bytes(wire) + b"\1a\xff\xff\0\1\0\1\0\0\0\0\0\4\1\2\3\4")


def no_end(query, send):
    """As many records as fit through in a moment, then silence for ever, by hanging up."""
    response = response_to(query, soa(9))
    send(response)
    for number in range(2000):
        response.answer = [dns.rrset.from_text(f"h{number}.{ZONE}.", 300, "IN", "A", "192.0.2.1")]
        send(response)


def changes_that_do_not_fit(query, send):
    ghost = dns.rrset.from_text(f"ghost.{ZONE}.", 300, "IN", "A", "192.0.2.1")
    send(response_to(query, soa(9), soa(7), ghost, soa(9), soa(9)))


def changes_without_end(query, send):
    send(response_to(query, soa(4000), soa(7), soa(8)))
    for serial in range(8, 2000):
        send(response_to(query, soa(serial), soa(serial + 1)))


def no_message(_, send):
    send(b"\x00" * 5)


def no_ns(query, send):
    send(response_to(query, soa(9), soa(9)))


def truncated(query, send):
    response = good_zone(query, 9)
    response.flags |= dns.flags.TC
    send(response)


ATTACKS = [truncated, wrong_id, another_question, records_of_others, huge_counts, broken_name,
           no_end, changes_that_do_not_fit, changes_without_end, no_message, no_ns]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_last_good_zone_goes_on(attack, transfers, tmp_path):
    empty = tmp_path / "none"
    empty.mkdir()
    with Hostile() as primary:
        config = transfers(f'[transfer]\ndirectory = "{tmp_path / "store"}"\n'
                           f'[[secondary]]\nzone = "{ZONE}"\n'
                           f'primaries = ["127.0.0.1:{primary.port}"]\n')
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
