"""Runs the comparison by hand: python3 -m differential --seed N --count N, in tests/conformance."""

import argparse
import secrets
import sys

from differential import run, zones


def main():
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this run (default: a new one)")
    parser.add_argument("--count", type=int, default=20_000, help="questions to ask in each world")
    parser.add_argument("--only", type=int, help="ask only the question of this number")
    parser.add_argument("--zones", type=int, default=40, help="zones side by side")
    parser.add_argument("--world", choices=run.WORLDS, action="append", help="default: all")
    parser.add_argument("--denials", default=",".join(zones.DENIALS), help="how zones are signed")
    parser.add_argument("--peer", action="append", help="only this peer; repeat for more")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1 << 32) if arguments.seed is None else arguments.seed
    found = 0
    for world in arguments.world or run.WORLDS:
        plan = run.Plan(seed, arguments.count, world, arguments.zones,
                        tuple(arguments.denials.split(",")), arguments.peer, arguments.only)  # fmt: skip
        outcome = run.run(plan)
        print(run.describe(plan, outcome), flush=True)
        found += outcome.unexplained_count
    return 1 if found else 0


sys.exit(main())
