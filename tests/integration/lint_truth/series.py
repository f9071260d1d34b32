# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The long series, `make lint-truth`: `python -m integration.lint_truth.series --help` names its options.

Tries a sample of all combinations, or all of them, and writes a table of those where lint's answer is wrong. Ends with
status 1 when lint said yes to a release that breaks the former one.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from integration.mssql.server import Database, Server
from lab import net

from . import bounds, kinds
from .case import Case
from .truth import Truth, find_truth


def all_cases() -> list[Case]:
    return [*kinds.cases(), *bounds.cases()]


def one_of_each() -> list[Case]:
    """What the suite tries."""
    return [*kinds.one_of_each(), *bounds.one_of_each()]


def chosen(options: argparse.Namespace) -> list[Case]:
    found = [case for case in (one_of_each() if options.brief else all_cases()) if options.only in case.ident]
    if options.count and options.count < len(found):
        found = random.Random(options.seed).sample(found, options.count)
    return found


def table(truths: list[Truth]) -> str:
    """Where lint's answer is wrong, as a table; then the scripts of each wrong yes."""
    wrong_yes = [truth for truth in truths if truth.wrong_yes]
    wrong_no = [truth for truth in truths if truth.wrong_no]
    not_run = [truth for truth in truths if not truth.outcome.ran]
    lines = [
        f"{len(truths)} cases: {len(wrong_yes)} wrong yes, {len(wrong_no)} harmless and refused, "
        f"{len(not_run)} that the server itself refused",
        "",
        "## Lint says yes, the former release breaks",
        "",
        "| case | lint knew | what the former release met |",
        "|---|---|---|",
    ]
    for truth in wrong_yes:
        met = truth.outcome.broken[:1] or [f"{truth.outcome.most_rows} rows in one transaction"]
        lines.append(f"| {truth.case.ident} | {', '.join(truth.wrong_yes)} | {_cell(met[0])} |")
    lines += [
        "",
        "## Lint refuses, the former release met nothing",
        "",
        "| case | lint knew | rules |",
        "|---|---|---|",
    ]
    for truth in wrong_no:
        rules = sorted({rule for errors in truth.errors.values() for rule in errors})
        lines.append(f"| {truth.case.ident} | {', '.join(truth.wrong_no)} | {', '.join(rules)} |")
    lines += ["", "## The server refused a script", "", "| case | message |", "|---|---|"]
    lines += [f"| {truth.case.ident} | {_cell(truth.outcome.message)} |" for truth in not_run]
    lines += ["", "## Scripts of each wrong yes", "", *(f"```\n{truth}\n```\n" for truth in wrong_yes)]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")[:160]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make lint-truth", description=__doc__)
    parser.add_argument("--count", type=int, default=0, help="so many, chosen at random; without it all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--brief", action="store_true", help="one case of each kind, as in the suite")
    parser.add_argument("--only", default="", help="only cases whose name has this text")
    parser.add_argument("--output", type=Path, default=Path("build/lint_truth.md"))
    options = parser.parse_args(argv)
    truths: list[Truth] = []
    begin = time.monotonic()
    with net.allocate() as where, tempfile.TemporaryDirectory(prefix="truth-") as directory:
        state = Path("build/lab").resolve() / f"truth-{where.number}"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        server = Server(where, state)
        try:
            server.start()
            cases = chosen(options)
            for number, case in enumerate(cases, start=1):
                home = Path(directory) / f"{number:04}"
                home.mkdir()
                truths.append(find_truth(case, Database(server.options("microsoft"), f"x{number}"), home))
                if truths[-1].wrong_yes:
                    print(f"WRONG YES {case.ident}", flush=True)
                if number % 50 == 0:
                    print(f"{number} of {len(cases)} after {time.monotonic() - begin:.0f} s", flush=True)
        finally:
            server.stop()
        shutil.rmtree(state, ignore_errors=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(table(truths), encoding="utf-8")
    print(f"{table(truths).splitlines()[0]}; {options.output}")
    return 1 if any(truth.wrong_yes for truth in truths) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
