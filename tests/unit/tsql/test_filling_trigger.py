# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trigger that only fills a new column is judged; any other trigger on an older table is refused."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.live import (
    LiveSchema,
    ModuleFacts,
    TableFacts,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options

COLUMN = "ALTER TABLE dbo.Things ADD Color nvarchar(30) NULL;\nGO\n"
FILL = (
    "UPDATE t SET Color = i.Colour FROM dbo.Things AS t JOIN inserted AS i ON i.ThingId = t.ThingId "
    "WHERE t.Color IS NULL;"
)


def trigger(body: str, when: str = "AFTER INSERT, UPDATE", table: str = "dbo.Things") -> str:
    return f"CREATE TRIGGER dbo.trThings ON {table} {when} AS\nBEGIN\n{body}\nEND;"


def severities(sql: str, live: LiveSchema | None = None) -> list[str]:
    findings = check_scripts([("s.sql", sql)], Options(), live).findings
    return [one.severity for one in findings if one.rule == "trigger-add"]


@pytest.mark.parametrize("first", ["", "IF @@ROWCOUNT = 0 RETURN;\n"])
def test_it_is_a_warning_that_names_the_risk(first: str) -> None:
    sql = COLUMN + trigger(f"{first}SET NOCOUNT ON;\n{FILL}")
    report = check_scripts([("s.sql", sql)], Options())
    [finding] = [one for one in report.findings if one.rule == "trigger-add"]
    assert finding.severity == "warning"
    assert "OUTPUT without INTO" in finding.message
    assert not report.refused


@pytest.mark.parametrize(
    "sql",
    [
        trigger(f"SET NOCOUNT ON;\n{FILL}"),
        COLUMN + trigger(FILL),
        COLUMN + trigger(f"SET NOCOUNT ON;\n{FILL}", when="INSTEAD OF INSERT"),
        COLUMN + trigger(f"SET NOCOUNT ON;\n{FILL}\nINSERT dbo.Log (A) VALUES (1);"),
        COLUMN + trigger(f"SET NOCOUNT ON;\n{FILL}\nEXEC dbo.spOther;"),
        COLUMN + trigger("SET NOCOUNT ON;\n" + FILL.replace("SET Color", "SET Name = N'', Color")),
        COLUMN + trigger("SET NOCOUNT ON;\n" + FILL.replace(" FROM", ", Name += N'' FROM")),
        COLUMN + trigger("SET NOCOUNT ON;\nUPDATE dbo.Things SET Color = N'x' WHERE Color IS NULL;"),
        COLUMN + trigger("SET NOCOUNT ON;\n" + FILL.replace("dbo.Things AS t", "dbo.Owners AS t")),
        COLUMN + trigger("SET NOCOUNT ON;"),
    ],
    ids=[
        "older column",
        "counts",
        "instead",
        "also inserts",
        "calls",
        "older column too",
        "adds to it",
        "every row",
        "other",
        "empty",
    ],
)
def test_any_other_is_refused(sql: str) -> None:
    assert "error" in severities(sql)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("INSERT INTO dbo.Things (Name) OUTPUT inserted.ThingId VALUES (N'x')", "error"),
        ("UPDATE t SET Name = N'x' OUTPUT deleted.Name FROM dbo.Things AS t", "error"),
        ("INSERT INTO dbo.Things (Name) OUTPUT inserted.ThingId INTO @ids VALUES (N'x')", "warning"),
        ("INSERT INTO dbo.Owners (Name) OUTPUT inserted.Id VALUES (N'x')", "warning"),
    ],
)
def test_a_module_that_would_fail_makes_it_an_error(definition: str, expected: str) -> None:
    module = ModuleFacts("dbo", "spAdd", "PROCEDURE", f"CREATE PROCEDURE dbo.spAdd AS {definition}")
    live = LiveSchema(
        tables={("dbo", "things"): TableFacts("dbo", "Things", 9)},
        modules={("dbo", "spadd"): module},
    )
    assert severities(COLUMN + trigger(f"SET NOCOUNT ON;\n{FILL}"), live) == [expected]
