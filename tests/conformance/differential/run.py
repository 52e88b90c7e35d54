"""One comparison from a seed: zones are served by all, questions are asked of all.

The questions come in chunks, and a process for each core takes the next chunk that is left.
"""

import collections
import contextlib
import dataclasses
import functools
import multiprocessing
import os
import pathlib
import tempfile

from differential import (ask, compare, known, names, peers, places, proof, questions, signing, wire,
                          zones)  # fmt: skip
from differential.denial import DS
from server import Server

SHOWN_MAX = 2  # Differences of one kind that are told in full.
WORLDS = ("test", "root")  # Zones below a name, and the root with what is below it.


@dataclasses.dataclass
class Outcome:
    asked: int = 0
    explained: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    unexplained: dict = dataclasses.field(default_factory=dict)  # Some, as text, by their kind.
    kinds: collections.Counter = dataclasses.field(default_factory=collections.Counter)

    @property
    def unexplained_count(self):
        return self.kinds.total()

    def add(self, other):
        self.asked += other.asked
        self.explained += other.explained
        for kind, texts in other.unexplained.items():
            self.unexplained[kind] = (self.unexplained.get(kind, []) + texts)[:SHOWN_MAX]
        self.kinds += other.kinds


@dataclasses.dataclass
class Plan:
    """What to compare: everything that a replay must give again."""

    seed: int
    count: int
    world: str = "test"
    zone_count: int = 40
    denials: tuple = zones.DENIALS
    peers: list = None
    only: int | None = None  # The number of the one question to ask.

    def zones(self):
        maker = zones.ZoneMaker(f"{self.world} {self.seed}", self.denials)
        return maker.many(self.zone_count) if self.world == "test" else maker.with_root(8)

    def chunks(self):
        if self.only is not None:
            return [self.only // questions.CHUNK]
        return range((self.count + questions.CHUNK - 1) // questions.CHUNK)

    def replay(self, number):
        return (f"cd tests/conformance && python3 -m differential --world {self.world}"
                f" --seed {self.seed} --zones {self.zone_count} --only {number}"
                f" --denials {','.join(self.denials)}")  # fmt: skip


@dataclasses.dataclass
class Content:
    """What the zones of a world hold, for the rules of known.py."""

    apexes: dict  # Zone by its apex.
    owners: set  # In lower case.
    cuts: set
    places: dict  # Of the names in each zone, by its apex.

    @classmethod
    def of(cls, served):
        owners = {owner.lower() for zone in served for owner in zone.owners}
        cuts = {owner.lower() for zone in served for owner, _ in zone.cuts}
        found = {zone.apex: places.Places(zone) for zone in served}
        return cls({zone.apex: zone for zone in served}, owners, cuts, found)

    def zone_of(self, name):
        """The most specific zone that a name belongs to; None: not served."""
        return next((self.apexes[a] for a in names.ancestors(name) if a in self.apexes), None)

    def zone_for(self, name, rdtype):
        """The one that answers: for DS at an apex one above it (RFC 4035 §3.1.4.1)."""
        above = None
        if rdtype == DS and name in self.apexes and name != names.ROOT:
            above = self.zone_of(names.parent(name))
        return above or self.zone_of(name)


def write_zones(served, folder):
    """Zone files as everyone serves them, signed where they are to be."""
    source = folder / "unsigned"
    target = folder / "zones"
    source.mkdir()
    target.mkdir()
    for zone in served:
        (source / zone.file).write_text(zone.text())
        if zone.signing.denial != "none":
            signing.sign(zone, source / zone.file, target / zone.file)
        else:
            (target / zone.file).write_text(zone.text())
    return target


def run(plan):
    served = plan.zones()
    plan.peers = plan.peers or peers.installed()
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        folder = write_zones(served, pathlib.Path(folder))
        ours = Server(folder)  # By AF_XDP it takes us, and so the peers, to a network of our own.
        running = [
            stack.enter_context(peers.Peer(name, folder, served, folder.parent)) for name in plan.peers
        ]
        stack.enter_context(ours)
        for peer in running:
            peer.wait_for(served)
        addresses = {ask.OURS: (ours.host, ours.port)}
        addresses |= {peer.name: ("127.0.0.1", peer.port) for peer in running}
        work = functools.partial(compare_chunk, plan, served, Content.of(served), addresses)
        # Processes take what they work on as they are forked: a chunk is but its number.
        context = multiprocessing.get_context("fork")
        with context.Pool(os.cpu_count(), initializer=begin, initargs=[work]) as pool:
            for found in pool.imap_unordered(do, plan.chunks()):
                outcome.add(found)
    return outcome


WORK = []  # Of this process.


def begin(work):
    WORK.append(work)


def do(chunk):
    return WORK[0](chunk)


def compare_chunk(plan, served, content, addresses, chunk):
    """Asks the questions of a chunk of everyone, and compares."""
    asked = list(enumerate(questions.chunk(plan.seed, chunk, served), chunk * questions.CHUNK))
    if plan.only is not None:
        asked = [entry for entry in asked if entry[0] == plan.only]
    outcome = Outcome(asked=len(asked))
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(contextlib.closing(ask.Link(*each))) for each in addresses.items()]
        found = ask.ask_all(links, [question for _, question in asked])
        found = [[w and wire.read(w) for w in wires] for wires in found]
        judge = Judge(plan, content, links[:1], outcome)
        for (number, question), responses in zip(asked, found, strict=True):
            judge.judge(number, question, responses)
    return outcome


class Judge:
    """Compares what came for one question after the other."""

    def __init__(self, plan, content, our_links, outcome):
        self.plan = plan
        self.content = content
        self.our_links = our_links
        self.outcome = outcome

    def judge(self, number, question, responses):
        ours, *others = responses
        for fault in compare.faults(question, ours):
            self.report(number, question, fault, [("nearcast", ours)])
        unproved = proof.faults(question, ours, self.content)
        if unproved:
            self.report(number, question, "proofs", [("; ".join(unproved), ours)])
        whole = None
        for peer, theirs in zip(self.plan.peers, others, strict=True):
            if theirs is None:
                self.outcome.explained[peer, "a question has an answer, of whatever kind"] += 1
                continue
            what = compare.differences(ours, theirs)
            if not what:
                continue
            whole = whole or self.whole(question, ours)
            difference = known.Difference(peer, question, what, ours, theirs, whole, self.content,
                                          functools.partial(self.ask_for, question))  # fmt: skip
            why = known.explanation(difference)
            if why is None:
                kind = f"{peer}: {', '.join(what)}"
                self.report(number, question, kind, [("nearcast", ours), (peer, theirs)])
                continue
            self.outcome.explained.update((peer, each) for each in why)
            if self.plan.only is not None:
                title = f"{peer}: {'; '.join(why)}"
                self.show(number, question, title, [("nearcast", ours), (peer, theirs)])

    def whole(self, question, ours):
        """What we answer where there is room for everything."""
        return ours if question.is_over_tcp else self.ask_for(question, question.name)

    def ask_for(self, question, name):
        again = question._replace(name=name, is_over_tcp=True)
        return wire.read(ask.ask_all(self.our_links, [again])[0][0])

    def report(self, number, question, kind, responses):
        self.outcome.kinds[kind] += 1
        if self.outcome.kinds[kind] <= SHOWN_MAX:
            self.show(number, question, kind, responses)

    def show(self, number, question, kind, responses):
        shown = [compare.show(name, response) for name, response in responses]
        text = "\n".join([f"{question.text()}: {kind}", *shown, f"  {self.plan.replay(number)}"])
        self.outcome.unexplained.setdefault(kind, []).append(text)


def describe(plan, outcome):
    lines = [f"{outcome.asked} questions of world {plan.world}, seed {plan.seed}:"
             f" {', '.join(plan.peers)}"]  # fmt: skip
    for (peer, why), count in sorted(outcome.explained.items()):
        lines.append(f"  {count:6} explained, {peer}: {why}")
    lines += [text for texts in outcome.unexplained.values() for text in texts]
    for kind, count in outcome.kinds.most_common():
        lines.append(f"  {count:6} not explained, {kind}")
    return "\n".join(lines)
