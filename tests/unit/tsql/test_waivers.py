# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A waiver holds for one statement and one rule, gives a reason, and is a finding when nothing needs it."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR, Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options

WAIVER = "-- lint: allow drop-table it is empty since release 1.2\n"


def check(text: str) -> Report:
    return check_scripts([("w.sql", text)], Options())


def errors(text: str) -> list[tuple[str, int]]:
    return [(one.rule, one.line) for one in check(text).findings if one.severity == ERROR]


@pytest.mark.parametrize(
    "text",
    [
        "DROP TABLE dbo.Things;",
        "IF OBJECT_ID(N'dbo.Things') IS NOT NULL\n    DROP TABLE dbo.Things;",
        "IF OBJECT_ID(N'dbo.Things') IS NOT NULL\nBEGIN\n    DROP TABLE dbo.Things;\nEND;",
        "\n\n  /* and this */ -- and that\n  DROP\n  TABLE dbo.Things;",
        "EXEC(N'SELECT 1 AS One; DROP TABLE dbo.Things;');",
        "BEGIN\n    DROP TABLE dbo.Things;\nEND;",
        "DROP TABLE dbo.Things, dbo.Others;",
    ],
)
def test_it_covers_the_next_statement(text: str) -> None:
    report = check(WAIVER + text)
    assert errors(WAIVER + text) == []
    assert [(one.rule, one.reason) for one in report.waivers] == [("drop-table", "it is empty since release 1.2")]
    assert report.waivers[0].used == len(report.waived) >= 1
    assert report.waived[0].waiver == "it is empty since release 1.2"
    assert errors(text) != []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("DROP TABLE dbo.Things; DROP TABLE dbo.Others;", [("drop-table", 2)]),
        ("DROP TABLE dbo.Things\nDROP TABLE dbo.Others", [("drop-table", 3)]),
        ("IF 1 = 1 BEGIN DROP TABLE dbo.A; DROP TABLE dbo.B; END", [("drop-table", 2)]),
        ("SELECT 1 AS One; DROP TABLE dbo.Things;", [("drop-table", 2)]),
        ("TRUNCATE TABLE dbo.Things;", [("truncate", 2)]),
        ("PRINT N'x'\nGO\nDROP TABLE dbo.Things;", [("drop-table", 4)]),
    ],
)
def test_it_covers_nothing_else(text: str, left: list[tuple[str, int]]) -> None:
    assert errors(WAIVER + text) == left


def test_several_waivers_for_one_statement() -> None:
    text = (
        "-- lint: allow add-unique no duplicates, looked on 1 May\n"
        "-- lint: allow index-offline Standard edition, Sunday 3:00, 2,000 rows\n"
        "CREATE UNIQUE INDEX UX ON dbo.Things (Name);"
    )
    report = check(text)
    assert not report.refused
    assert [one.used for one in report.waivers] == [1, 1]


def test_before_a_module_it_covers_the_body() -> None:
    view = "CREATE VIEW dbo.vThings AS SELECT Id FROM Other.dbo.Things;"
    assert errors(view) == [("cross-database", 1)]
    assert errors(f"-- lint: allow cross-database both are cloned together\n{view}") == []
    assert errors(f"-- lint: allow cross-database both are cloned\nPRINT N'a';\nGO\n{view}") == [("cross-database", 4)]


def test_a_line_inside_a_statement() -> None:
    text = (
        "ALTER TABLE dbo.Things ADD\n    Size int NULL,\n"
        "    -- lint: allow add-required version 1 never inserts here\n"
        "    Code nvarchar(20) NOT NULL,\n    Kind int NOT NULL;"
    )
    assert errors(text) == [("add-required", 5)]


@pytest.mark.parametrize(
    "comment",
    [
        "-- lint: allow drop-table",
        "-- lint: allow drop-table .",
        "-- lint: allow",
        "-- lint: allow drop-tabel reason enough",
        "-- lint: deny drop-table reason enough",
        "-- lint: allow waiver because I say so",
    ],
)
def test_waivers_that_cannot_hold(comment: str) -> None:
    assert errors(f"{comment}\nDROP TABLE dbo.Things;") == [("waiver", 1), ("drop-table", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "/* -- lint: allow drop-table a reason */ DROP TABLE dbo.Things",
        "/*\n-- lint: allow drop-table a reason\n*/\nDROP TABLE dbo.Things",
        "PRINT '\n-- lint: allow drop-table a reason\n'; DROP TABLE dbo.Things",
        "DROP TABLE dbo.Things -- lint: allow drop-table a reason",
        "EXEC('\n-- lint: allow drop-table a reason\nDROP TABLE dbo.Things')",
        "DROP TABLE dbo.Things\n-- lint: allow drop-table a reason",
    ],
)
def test_where_a_waiver_is_none(text: str) -> None:
    assert ("drop-table", 1) in errors(text) or any(rule == "drop-table" for rule, _line in errors(text))


def test_a_stale_one_is_a_warning_and_names_its_line() -> None:
    report = check("SELECT 1 AS One;\n" + WAIVER + "SELECT 2 AS Two;")
    assert [(one.rule, one.severity, one.line) for one in report.findings] == [("stale-waiver", "warning", 2)]
    assert not report.refused


def test_an_unreadable_script_cannot_be_waived() -> None:
    assert errors("-- lint: allow unknown I know what I do\nPRINT 'x") == [("unknown", 2)]


def test_severities_can_be_set() -> None:
    text = "DROP TABLE dbo.Things; INSERT INTO Things (Name) VALUES (N'a');"
    report = check_scripts([("s.sql", text)], Options(severities={"drop-table": "warning", "unqualified": "error"}))
    assert {(one.rule, one.severity) for one in report.findings} == {
        ("drop-table", "warning"),
        ("unqualified", "error"),
    }
    report = check_scripts([("s.sql", text)], Options(severities={"drop-table": "off", "unqualified": "off"}))
    assert report.findings == []
    report = check_scripts([("s.sql", text)], Options(phase="contract", severities={"drop-table": "error"}))
    assert ("drop-table", "error") in {(one.rule, one.severity) for one in report.findings}
