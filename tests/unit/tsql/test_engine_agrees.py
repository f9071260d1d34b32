# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the migration engine refuses to run, lint refuses: the same files go through both, in every phase."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.errors import MigrationError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.loading import find, load
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import BACKFILL, PHASES, Phase
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import Request, run
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.sources import SourceError

ROUND = "UPDATE TOP ($(BatchSize)) dbo.T SET A = 0 WHERE A IS NULL;\n"
REFUSED: dict[str, str | bytes] = {
    "a variable in brackets": "CREATE TABLE [$(Schema)].[T] (A int NULL);",
    "a variable in a string": "PRINT N'$(Name)';",
    "a variable in quotes": 'CREATE TABLE "$(Schema)".T (A int NULL);',
    "setvar": ":setvar Name x\nPRINT N'a';",
    "on error": ":on error exit\nPRINT N'a';",
    "another script": ":r other.sql\nPRINT N'a';",
    "a command": "!! dir\nPRINT N'a';",
    "a header in a block comment": "/* migrate: no-transaction */\nPRINT N'a';",
    "a header behind the first statement": "PRINT N'a';\n-- migrate: no-transaction",
    "a header behind a GO": "GO\n-- migrate: no-transaction\nPRINT N'a';",
    "a header without its colon": "-- a comment\n-- migrate no-transaction\nPRINT N'a';",
    "a header that is not known": "-- migrate: notransaction\nPRINT N'a';",
    "a header given twice": "-- migrate: no-transaction\n-- migrate: no-transaction\nPRINT N'a';",
    "batch and no transaction": "-- migrate: batch 5\n-- migrate: no-transaction\n" + ROUND,
    "a batch of no rows": "-- migrate: batch 0\n" + ROUND,
    "a pause without a unit": "-- migrate: batch 5 pause 7\n" + ROUND,
    "rows that are not counted": "-- migrate: batch 5\nSET NOCOUNT ON;\n" + ROUND,
    "remaining without batch": "-- migrate: remaining SELECT COUNT(*) FROM dbo.T\nPRINT N'a';",
    "two batches without a transaction": "-- migrate: no-transaction\nPRINT N'a';\nGO\nPRINT N'b';",
    "a batch that never runs": "PRINT N'a';\nGO 0\n",
    "a commit": "COMMIT;",
    "a transaction that stays open": "BEGIN TRANSACTION;\nPRINT N'a';",
    "nothing": "-- nothing\n",
    "a string that is not closed": "PRINT N'a",
    "a line end of its own": "PRINT N'a';\rPRINT N'b';",
    "not UTF-8": b"PRINT N'\xe4';",
    "a NUL character": b"PRINT N'a\x00';",
}
RUN = {
    "a statement": "PRINT N'a';",
    "GO with comments": "PRINT N'a';\nGO /* $(Name) */\nPRINT N'b';\nGO 2 -- twice\n",
    "a variable in a comment": "PRINT N'a'; -- $(Name)",
    "a header behind a comment": "-- Copyright\n-- migrate: no-transaction\nPRINT N'a';",
}


def _verdicts(root: Path, phase: Phase) -> tuple[str, str]:
    """Why the engine refuses the directory, and why lint does; '' for neither."""
    try:
        for file in find(str(root), phase):
            load(file, {})
        engine = ""
    except MigrationError as error:
        engine = str(error)
    try:
        report = run(Request([str(root)], phase.name))
        lint = next((one.message for one in report.findings if one.rule in ("not-runnable", "unknown")), "")
    except SourceError as error:
        lint = str(error)
    return engine, lint


def _put(root: Path, phase: Phase, name: str, text: str | bytes) -> None:
    path = root / phase.name / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("phase", PHASES, ids=str)
@pytest.mark.parametrize("case", REFUSED)
def test_what_the_engine_refuses_lint_refuses(tmp_path: Path, phase: Phase, case: str) -> None:
    _put(tmp_path, phase, "1_a.sql", REFUSED[case])
    engine, lint = _verdicts(tmp_path, phase)
    assert engine, "the engine would run it"
    assert lint.rstrip(".") in engine, "lint says something else"


@pytest.mark.parametrize("phase", PHASES, ids=str)
@pytest.mark.parametrize("case", RUN)
def test_what_the_engine_runs_is_runnable_for_lint(tmp_path: Path, phase: Phase, case: str) -> None:
    _put(tmp_path, phase, "1_a.sql", RUN[case])
    assert _verdicts(tmp_path, phase) == ("", "")


@pytest.mark.parametrize("phase", PHASES, ids=str)
def test_a_round_of_a_backfill_runs_in_that_phase_alone(tmp_path: Path, phase: Phase) -> None:
    _put(tmp_path, phase, "1_a.sql", "-- migrate: batch 100 pause 0s\n" + ROUND)
    engine, lint = _verdicts(tmp_path, phase)
    assert bool(engine) == bool(lint) == (phase is not BACKFILL)


@pytest.mark.parametrize("phase", PHASES, ids=str)
@pytest.mark.parametrize("other", ["01_b.sql", "V1__b.sql", "1_A.sql", "sub/2_b.sql"])
def test_an_order_that_is_not_clear_is_refused_by_both(tmp_path: Path, phase: Phase, other: str) -> None:
    _put(tmp_path, phase, "1_a.sql", "PRINT N'a';")
    _put(tmp_path, phase, other, "PRINT N'b';")
    engine, lint = _verdicts(tmp_path, phase)
    assert engine
    assert lint
