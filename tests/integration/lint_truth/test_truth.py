# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One release of each kind: where lint says yes, the former release meets nothing. `make lint-truth` tries them all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.lint_truth.case import Case
from integration.lint_truth.series import one_of_each
from integration.lint_truth.truth import find_truth
from integration.mssql.server import DSN, Database, Server, of_the_environment
from lab import net

CASES = list(one_of_each())
SEEN: dict[str, bool] = {}
"""By name of a case that was run: whether it was harmless."""


@pytest.fixture(name="options", scope="module")
def _options() -> Iterator[dict[str, object]]:
    if DSN:
        yield of_the_environment()
        return
    with net.allocate() as where:
        state = Path("build/lab").resolve() / f"truth-{where.number}"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        server = Server(where, state)
        try:
            server.start()
            yield server.options("microsoft")
        finally:
            server.stop()
        shutil.rmtree(state, ignore_errors=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.ident)
def test_a_yes_is_true(case: Case, options: dict[str, object], tmp_path: Path) -> None:
    home = tmp_path / "release"
    home.mkdir()
    truth = find_truth(case, Database(options, f"truth{CASES.index(case)}"), home)
    if "49990" in truth.outcome.message:
        pytest.skip(f"the lab's SQL Server does not know it: {truth.outcome.message}")
    assert truth.outcome.ran, truth.outcome.message
    SEEN[case.ident] = truth.outcome.harmless
    assert truth.wrong_yes == [], truth


def test_both_kinds_were_among_them(request: pytest.FixtureRequest) -> None:
    """Otherwise nothing above could have failed; it is about the cases that this session has tried."""
    if request.config.option.keyword or not SEEN:
        pytest.skip("needs all cases")
    assert 10 < sum(SEEN.values()) < len(SEEN) - 10
