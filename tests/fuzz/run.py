# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""make fuzz: runs every parser over a number of inputs, and ends with 1 when one of them breaks.

ARGS="--count 1000000 --seed 1 --parser HTTP"; a run with the same seed has the same inputs.
"""

from __future__ import annotations

import argparse
import resource
import sys

from .harness import LIMIT_S, fuzz, shares
from .parsers import PARSERS

MOST_MEMORY_BYTES = 2 * 1024**3
CHUNK = 2000
"""Inputs of one run of hypothesis, which keeps what it has seen."""


def main() -> int:
    options = argparse.ArgumentParser(prog="make fuzz")
    options.add_argument("--count", type=int, default=1_000_000, help="inputs in total")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--parser", default="", help="part of the name of the parsers to run")
    given = options.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    parsers = [parser for parser in PARSERS if given.parser in parser.name]
    broken = total = 0
    for parser, wanted in zip(parsers, shares(parsers, given.count)):
        inputs, seconds, slowest_s, fault = 0, 0.0, 0.0, ""
        start = given.seed
        while inputs < wanted and not fault:
            outcome = fuzz(parser, min(CHUNK, wanted - inputs), start)
            inputs += max(outcome.inputs, 1)
            seconds += outcome.seconds
            slowest_s = max(slowest_s, outcome.slowest_s)
            fault = outcome.fault
            start += 1
        total += inputs
        broken += bool(fault)
        figures = f"{inputs:8} inputs {seconds:8.1f} s, slowest {slowest_s * 1000:6.0f} ms"
        print(f"{parser.name:26} {figures}  {fault}", flush=True)
    print(f"fuzz: {total} inputs, {broken} of {len(parsers)} parsers broken; each input within {LIMIT_S:g} s")
    return 1 if broken or not parsers else 0


if __name__ == "__main__":
    sys.exit(main())
