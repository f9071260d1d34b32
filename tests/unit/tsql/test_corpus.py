# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ordinary scripts: what Entity Framework Core, SSMS, SSDT and DbUp write, and what people write, is recognised.

corpus/PHASE/*.sql are scripts that are right in that phase: an error in them is a wrong refusal, and their rate is
reported and limited. corpus/refused/*.sql are scripts that expand has to refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR, Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import Request, run

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("*/*.sql"))
REFUSED = [path for path in FILES if path.parent.name == "refused"]
ORDINARY = [path for path in FILES if path not in REFUSED]
LEAST_STATEMENTS = 600
MOST_REFUSED = 0.01


def check(path: Path, phase: str = "") -> Report:
    """The file as lint reads a user's, in the phase of its directory; those to refuse without the reader of headers."""
    if path in REFUSED:
        text = path.read_text(encoding="utf-8")
        return check_scripts([(path.name, text)], Options(phase=phase or "expand", advice=False))
    return run(Request([str(path)], phase or path.parent.name, options=Options(advice=False)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_unknown(path: Path) -> None:
    phases = ("expand", "contract") if path.parent.name in ("expand", "refused") else (path.parent.name,)
    for phase in phases:
        found = [(one.line, one.rule, one.message) for one in check(path, phase).findings]
        assert [one for one in found if one[1] in ("unknown", "waiver")] == []
        if path.stem.startswith("efcore"):
            assert [one for one in found if one[1] == "dynamic"] == []


def test_few_ordinary_statements_are_refused(record_property: Callable[[str, object], None]) -> None:
    """The rate is in the test report, and each wrong refusal in the message."""
    reports = {path: check(path) for path in ORDINARY}
    statements = sum(report.statements for report in reports.values())
    refused = [
        f"{path.parent.name}/{path.name}:{one.line}: {one.rule}: {one.message}"
        for path, report in reports.items()
        for one in report.findings
        if one.severity == ERROR
    ]
    record_property("statements", statements)
    record_property("refused_wrongly", len(refused))
    record_property("refused_wrongly_rate", len(refused) / statements)
    assert statements >= LEAST_STATEMENTS
    assert len(refused) <= MOST_REFUSED * statements, refused


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_what_changes_is_refused(path: Path) -> None:
    assert check(path).refused
