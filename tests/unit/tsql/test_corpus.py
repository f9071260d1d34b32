# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ordinary scripts: what Entity Framework Core, SSMS, SSDT and DbUp write, and what people write, is recognised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR, Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("*/*.sql"))
HARMLESS = [path for path in FILES if path.parent.name == "expand"]


def check(path: Path, phase: str = "expand") -> Report:
    text = path.read_text(encoding="utf-8")
    return check_scripts([(path.name, text)], Options(phase=phase, advice=False))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_unknown(path: Path) -> None:
    for phase in ("expand", "contract"):
        found = [(one.line, one.rule, one.message) for one in check(path, phase).findings]
        assert [one for one in found if one[1] in ("unknown", "waiver")] == []
        if path.stem.startswith("efcore"):
            assert [one for one in found if one[1] == "dynamic"] == []


@pytest.mark.parametrize("path", HARMLESS, ids=lambda path: path.stem)
def test_what_only_adds_passes(path: Path) -> None:
    assert [(one.line, one.rule, one.message) for one in check(path).findings if one.severity == ERROR] == []


@pytest.mark.parametrize("path", [path for path in FILES if path not in HARMLESS], ids=lambda path: path.stem)
def test_what_changes_is_refused(path: Path) -> None:
    assert check(path).refused


def test_there_are_enough_statements(record_property: Callable[[str, object], None]) -> None:
    """And the rate of those that the linter does not know is told in the test report."""
    reports = {path: check(path) for path in FILES}
    statements = sum(report.statements for report in reports.values())
    unknown = sum(1 for report in reports.values() for one in report.findings if one.rule == "unknown")
    refused = sum(1 for path in HARMLESS for one in reports[path].findings if one.severity == ERROR)
    record_property("statements", statements)
    record_property("unknown_rate", unknown / statements)
    record_property("refused_in_harmless", refused)
    assert statements >= 300
    assert unknown == 0
