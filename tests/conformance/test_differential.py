"""The comparison with Knot, NSD and BIND, as often as a test run can afford."""

import os

from differential import run

SEED = int(os.environ.get("NEARCAST_SEED", "20261123"))
COUNT = int(os.environ.get("NEARCAST_COUNT", "20000"))


def test_answers_as_the_peers_do():
    outcome = run.run(SEED, COUNT)
    print(outcome.text())
    assert outcome.peers, "none of knotd, nsd, named is installed"
    assert not outcome.unexplained, outcome.text()
