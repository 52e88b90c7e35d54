"""Runs the comparison by hand: python3 -m differential --seed N --count N, in tests/conformance."""

import argparse
import secrets
import sys

from differential import run


def main():
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this run (default: a new one)")
    parser.add_argument("--count", type=int, default=20_000, help="questions to ask")
    parser.add_argument("--zones", type=int, default=40, help="zones side by side")
    parser.add_argument("--peer", action="append", help="only this peer; repeat for more")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1 << 32) if arguments.seed is None else arguments.seed
    outcome = run.run(seed, arguments.count, arguments.zones, arguments.peer)
    print(outcome.text())
    return 1 if outcome.unexplained else 0


sys.exit(main())
