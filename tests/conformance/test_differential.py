"""The comparison with Knot, NSD and BIND, as often as a test run can afford."""

import os

import pytest
from differential import run

SEED = int(os.environ.get("NEARCAST_SEED", "20261123"))
COUNT = int(os.environ.get("NEARCAST_COUNT", "50000"))  # Of each half.


@pytest.mark.parametrize("world", run.WORLDS)
@pytest.mark.parametrize("denials", [("none", "nsec"), ("nsec3", "opt-out")], ids="+".join)
def test_answers_as_the_peers_do(world, denials):
    # The root's world is small: a fifth is enough for it.
    count = COUNT // 5 if world == "root" else COUNT - COUNT // 5
    plan = run.Plan(SEED, count, world, denials=denials)
    outcome = run.run(plan)
    text = run.describe(plan, outcome)
    print(text)
    assert plan.peers, "none of knotd, nsd, named is installed"
    assert not outcome.unexplained_count, text
