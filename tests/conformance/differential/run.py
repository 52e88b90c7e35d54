"""One comparison from a seed: zones are served by all, questions are asked of all."""

import collections
import contextlib
import dataclasses
import pathlib
import tempfile

import dns.name

from differential import ask, compare, generate, known, peers, wire
from server import Server

SHOWN_MAX = 10  # Unexplained differences that are printed in full.


@dataclasses.dataclass
class Outcome:
    seed: int
    count: int
    peers: list
    explained: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    unexplained: list = dataclasses.field(default_factory=list)

    def text(self):
        lines = [f"{self.count} questions, {', '.join(self.peers)}; seed {self.seed}"]
        for (peer, why), count in sorted(self.explained.items()):
            lines.append(f"  {count:6} explained, {peer}: {why}")
        for difference in self.unexplained[:SHOWN_MAX]:
            lines.append(describe(difference))
        if self.unexplained:
            lines.append(f"{len(self.unexplained)} differences are not explained. Replay:")
            lines.append(f"  cd tests/conformance && python3 -m differential --seed {self.seed}"
                         f" --count {self.count}")  # fmt: skip
        return "\n".join(lines)


def describe(difference):
    name, rdtype, edns, _ = difference.question
    return "\n".join(
        [
            f"{name} {rdtype} edns={edns} {difference.peer}: {', '.join(difference.what)}",
            compare.show("nearcast", difference.ours),
            compare.show(difference.peer, difference.theirs),
        ]
    )


class Served:
    """What the zones of a run hold, by name."""

    def __init__(self, zones):
        self.names = [zone.name for zone in zones]
        self.owners = {
            dns.name.from_text(line.split()[0]).to_wire().lower()
            for zone in zones
            for line in zone.lines
        }


def run(seed, count, zone_count=40, chosen_peers=None):
    generator = generate.Generator(seed)
    zones = generator.zones(zone_count)
    chosen = chosen_peers or peers.installed()
    outcome = Outcome(seed, count, chosen)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        (folder / "zones").mkdir()
        for zone in zones:
            (folder / "zones" / f"{zone.name}.zone").write_text(zone.text())
        served = Served(zones)
        names = served.names
        running = [
            stack.enter_context(peers.Peer(name, folder / "zones", names, folder)) for name in chosen
        ]
        ours = stack.enter_context(Server(folder / "zones"))
        for peer in running:
            peer.wait_for(ask.to_wire(0, (names[-1] + ".", "SOA", None, False)))
        while count > 0:
            window = [generator.question(zones) for _ in range(min(count, ask.WINDOW))]
            compare_window(window, ours, running, served, outcome)
            count -= len(window)
    return outcome


def compare_window(questions, ours, running, served, outcome):
    wires = [ask.to_wire(number, question) for number, question in enumerate(questions)]
    our_responses = [wire.read(w) for w in ask.ask_all(ours.port, wires)]
    for peer in running:
        their_responses = [wire.read(w) for w in ask.ask_all(peer.port, wires)]
        for question, mine, theirs in zip(questions, our_responses, their_responses, strict=True):
            what = compare.differences(mine, theirs)
            if not what:
                continue
            difference = known.Difference(peer.name, question, what, mine, theirs, served.names, served.owners)
            why = known.explanation(difference)
            if why is None:
                outcome.unexplained.append(difference)
            else:
                outcome.explained[peer.name, why] += 1
