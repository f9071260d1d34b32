# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lint and engine read a script in the same way: each text here was once read differently by one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.errors import MigrationError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._migration.loading import find, load
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import PHASES, named
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import Request, run
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.sources import SourceError

FILL = "UPDATE TOP ($(BatchSize)) dbo.T SET A = 1 WHERE A IS NULL;\n"

# phase, text, line and column of what is wrong (None: nothing is), words of the message
TEXTS: list[tuple[str, str, tuple[int, int] | None, str]] = [
    ("expand", "SELECT '$(Nope)';", (1, 9), "has no value"),
    ("expand", "CREATE TABLE [$(Nope)] (A int NULL);", (1, 15), "has no value"),
    ("expand", "-- $(Nope)\nCREATE TABLE dbo.T (A int NULL);", None, ""),
    ("expand", "SELECT 1;\n:setvar A b\n", (2, 1), ":setvar is a directive"),
    ("expand", ":On Error exit\nSELECT 1;", (1, 1), ":on is a directive"),
    ("expand", "SELECT 1;\n  :r other.sql\n", (2, 3), ":r is a directive"),
    ("expand", "SELECT 1;\n-- migrate: no-transaction\n", (2, 1), "behind the first statement"),
    ("expand", "-- migrate no-transaction\nSELECT 1;", (1, 1), "has no colon"),
    ("backfill", "-- migrate remaining rows of the old table\nSELECT 1;", None, ""),
    ("expand", "-- migrate: no-transactions\nSELECT 1;", (1, 1), "is not known"),
    ("expand", "/* migrate: no-transaction */\nSELECT 1;", (1, 1), "in a block comment"),
    ("backfill", "/* fills A */\n-- migrate: batch 500\n" + FILL, None, ""),
    ("backfill", "-- migrate: batch 500 pause 0s\n" + FILL, None, ""),
    ("backfill", "-- migrate: batch 0\n" + FILL, (1, 1), "is not known"),
    ("backfill", "-- migrate: batch 500\n-- migrate: batch 600\n" + FILL, (2, 1), "given twice"),
    ("backfill", "-- migrate: remaining SELECT 1\nSELECT 1;", (1, 1), "with 'batch' only"),
    ("backfill", "-- migrate: batch 500\nSET NOCOUNT ON;\n" + FILL, (2, 1), "SET NOCOUNT ON"),
    ("expand", "-- migrate: batch 500\n" + FILL, (1, 1), "move the script to the backfill phase"),
    ("expand", FILL.replace("500", ""), (1, 13), "has no value"),
    ("expand", "-- migrate: no-transaction\nSELECT 1;\nGO\nSELECT 2;", (1, 1), "one statement and no GO"),
    ("expand", "SELECT 1;\nGO 0\n", (1, 1), "GO 0"),
    ("expand", "SELECT 1;\nCOMMIT;", (2, 1), "COMMIT of a transaction"),
    ("expand", "BEGIN TRAN;\nSELECT 1;", (1, 1), "begins 1 more transaction"),
    ("expand", "-- nothing\n", (1, 1), "is empty"),
    ("expand", "SELECT 1; -- x\rDROP TABLE dbo.T;", (1, 15), "carriage return alone"),
    ("expand", "SELECT 'x\ry';\r\nSELECT 2;\r\n", None, ""),
    ("expand", "SELECT 'x", (1, 8), "not closed"),
    ("expand", "SELECT N'\0';", (1, 10), "NUL"),
]


@pytest.mark.parametrize(("phase", "text", "place", "message"), TEXTS, ids=range(len(TEXTS)))
def test_what_one_refuses_the_other_refuses(
    tmp_path: Path, phase: str, text: str, place: tuple[int, int] | None, message: str
) -> None:
    path = tmp_path / phase / "1.sql"
    path.parent.mkdir()
    path.write_bytes(text.encode())
    findings = run(Request([str(tmp_path)], options=Options())).findings
    unfit = [one for one in findings if one.rule in ("unknown", "not-runnable")]
    (file,) = find(str(tmp_path), named(phase)) if "\0" not in text else [None]
    if place is None:
        assert file is not None
        assert load(file, {}).file == file
        assert unfit == []
        return
    assert any((one.line, one.column) == place and message in one.message for one in unfit)
    with pytest.raises(MigrationError) as caught:
        load(file, {}) if file is not None else find(str(tmp_path), named(phase))
    assert f"{phase}/1.sql, line {place[0]}, column {place[1]}" in str(caught.value)
    assert message in str(caught.value)


NAMES: list[tuple[list[str], str]] = [
    (["1_a.sql", "01_b.sql"], "same number or name"),
    (["a.sql", "A.SQL"], "same number or name"),
    (["caf\u00e9.sql", "cafe\u0301.sql"], "same number or name"),
    (["deep/1.sql"], "only scripts directly in"),
]


@pytest.mark.parametrize(("names", "message"), NAMES, ids=range(len(NAMES)))
def test_names_that_one_refuses_the_other_refuses(tmp_path: Path, names: list[str], message: str) -> None:
    for name in names:
        path = tmp_path / "expand" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=message):
        find(str(tmp_path), PHASES[0])
    with pytest.raises(SourceError, match=message):
        run(Request([str(tmp_path)], options=Options()))


def test_a_phase_directory_of_another_case_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "Expand").mkdir()
    with pytest.raises(MigrationError, match="would not be read: rename it to expand"):
        find(str(tmp_path), PHASES[0])
