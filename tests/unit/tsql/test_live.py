# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live schema, read through a scripted query function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.journal import ENTRIES_SQL
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql import live
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR, Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import Request, run

ANSWERS: dict[str, list[Sequence[Any]]] = {
    live.VERSION_SQL: [(16, 3, "Shop")],
    live.TABLES_SQL: [("dbo", "Things", 2_000_000, 900), ("dbo", "Log", 10, 1), ("dbo", "Empty", 0, 0)],
    live.COLUMNS_SQL: [
        ("dbo", "Things", "Name", "nvarchar", 400, False, False, 0, "Latin1_General_CI_AS"),
        ("dbo", "Things", "Colour", "nvarchar", 60, True, False, 5, "Latin1_General_CI_AS"),
        ("dbo", "Things", "Total", "int", 4, True, True, 0, None),
    ],
    live.MODULES_SQL: [
        ("dbo", "spLog", "P ", "CREATE PROCEDURE dbo.spLog @id int AS INSERT INTO dbo.Log VALUES (@id)", True),
        (
            "dbo",
            "spOld",
            "P ",
            "CREATE PROCEDURE dbo.spOld AS UPDATE dbo.Things SET Name = N'a' WHERE ThingId = 1",
            False,
        ),
        (
            "dbo",
            "vThings",
            "V ",
            "CREATE VIEW dbo.vThings WITH SCHEMABINDING AS SELECT Name FROM dbo.Things",
            True,
        ),
    ],
    live.OTHERS_SQL: [("dbo", "Stuff", "SN")],
    live.TYPES_SQL: [("dbo", "IdList", True)],
    live.INDEXES_SQL: [("dbo", "Things", "PK_Things")],
    live.KEYS_SQL: [("dbo", "Things", 1, "ThingId")],
    live.SCHEMAS_SQL: [("dbo",), ("sales",)],
    live.TRIGGERS_SQL: [("dbo", "Things", "trThings")],
    live.BOUND_SQL: [("dbo", "Things", "vThings")],
}


def query(sql: str) -> Iterable[Sequence[Any]]:
    return ANSWERS[sql]


SCHEMA = live.read_live(query)


def check(text: str, phase: str = "expand", **options: Any) -> Report:
    return check_scripts([("l.sql", text)], Options(phase=phase, **options), SCHEMA)


def rules(report: Report) -> dict[str, str]:
    return {one.rule: one.severity for one in report.findings}


def test_what_is_read() -> None:
    assert (SCHEMA.version, SCHEMA.edition, SCHEMA.database) == (16, "enterprise", "Shop")
    things = SCHEMA.tables[("dbo", "things")]
    assert (things.rows, things.megabytes, things.triggers, things.bound) == (2_000_000, 900, ["trThings"], ["vThings"])
    assert things.columns["name"].characters == 200
    assert SCHEMA.modules[("dbo", "stuff")].kind == "SYNONYM"
    assert SCHEMA.types == {("dbo", "idlist"): True}
    assert set(ANSWERS) == set(live.QUERIES)
    assert all(sql.startswith("SELECT ") and ";" not in sql for sql in live.QUERIES)


def test_create_or_alter_of_what_exists_and_of_what_does_not() -> None:
    assert rules(check("CREATE OR ALTER PROCEDURE dbo.spLog AS SELECT 1 AS One"))["alter-module"] == ERROR
    assert "alter-module" not in rules(check("CREATE OR ALTER PROCEDURE dbo.spLog_2 AS SELECT 1 AS One"))


def test_a_guarded_create_of_what_exists_makes_nothing_new() -> None:
    text = "IF OBJECT_ID(N'dbo.Log') IS NULL CREATE TABLE dbo.Log (Id int NOT NULL);\nGO\nDROP TABLE dbo.Log;"
    assert rules(check(text)) == {"drop-table": ERROR}
    assert rules(check(text.replace("Log", "Fresh"))) == {}


def test_size_is_told_and_decides_in_contract() -> None:
    text = "ALTER TABLE dbo.Things ADD CONSTRAINT CK CHECK (Total > 0);"
    [finding] = [one for one in check(text, "contract").findings if one.rule == "add-check"]
    assert (finding.severity, finding.table_rows) == ("warning", 2_000_000)
    assert rules(check(text, "contract", max_rows=100_000))["add-check"] == ERROR
    assert rules(check(text, "contract", max_rows=5_000_000))["add-check"] == "warning"


def test_wider_and_narrower() -> None:
    assert "alter-type" not in rules(check("ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(300) NOT NULL"))
    for narrower in ("nvarchar(100)", "varchar(200)", "nvarchar(max)", "nvarchar(300) COLLATE Latin1_General_CS_AS"):
        assert rules(check(f"ALTER TABLE dbo.Things ALTER COLUMN Name {narrower} NOT NULL"))["alter-type"] == ERROR


def test_null_ability_is_known() -> None:
    assert "alter-notnull" not in rules(check("ALTER TABLE dbo.Things ALTER COLUMN Name nvarchar(200) NOT NULL"))
    assert rules(check("ALTER TABLE dbo.Things ALTER COLUMN Colour nvarchar(30) NOT NULL"))["alter-notnull"] == ERROR
    assert "alter-null" not in rules(check("ALTER TABLE dbo.Things ALTER COLUMN Colour nvarchar(30) NULL"))


def test_a_default_where_there_was_none() -> None:
    assert "change-default" not in rules(check("ALTER TABLE dbo.Things ADD CONSTRAINT DF DEFAULT N'' FOR Name"))
    assert "change-default" in rules(check("ALTER TABLE dbo.Things ADD CONSTRAINT DF DEFAULT N'' FOR Colour"))


def test_positional_writers_bound_modules_and_quoted_identifiers() -> None:
    assert rules(check("ALTER TABLE dbo.Log ADD Size int NULL"))["positional-use"] == ERROR
    assert "schemabinding" in rules(check("ALTER TABLE dbo.Things DROP COLUMN Name"))
    index = check("CREATE INDEX IX ON dbo.Things (Colour) WHERE Colour IS NOT NULL WITH (ONLINE = ON)")
    assert any("spOld" in one.message for one in index.findings if one.rule == "index-set-options")
    assert "index-set-options" in rules(check("CREATE INDEX IX ON dbo.Things (Total) WITH (ONLINE = ON)"))


def test_an_empty_table_blocks_nobody() -> None:
    assert "index-offline" not in rules(check("CREATE INDEX IX ON dbo.Empty (Id)"))
    assert "index-offline" in rules(check("CREATE INDEX IX ON dbo.Things (Name)"))


def test_scripts_that_were_applied_are_not_checked_again(tmp_path: Path) -> None:
    """And what they made is the release's own: a second run of a release is checked like the first one."""
    first, second = tmp_path / "1.sql", tmp_path / "2.sql"
    first.write_bytes(
        b"CREATE OR ALTER PROCEDURE dbo.spNew AS SELECT 1 AS One;\r\nGO\r\nCREATE PROCEDURE dbo.spNew_2 AS SELECT 1 AS One;\r\n"
    )
    second.write_text("CREATE OR ALTER PROCEDURE dbo.spNew_2 AS SELECT 2 AS Two;", encoding="utf-8")
    checksum = sha256(first.read_bytes().replace(b"\r\n", b"\n")).hexdigest()

    def row(checksum: str, state: str) -> Sequence[Any]:
        return (1, "shop", "expand", "1.sql", checksum, state, "2.0", None, 0, 1)

    rows = [row("0" * 64, "applied"), row(checksum, "applied")]

    def check_again(journal: list[Sequence[Any]], app: str = "shop") -> Report:
        tables = [*ANSWERS[live.TABLES_SQL], ("deploy", "migration_journal", 3, 0)]
        modules = [*ANSWERS[live.MODULES_SQL], *(("dbo", name, "P ", "", True) for name in ("spNew", "spNew_2"))]
        answers = {**ANSWERS, live.TABLES_SQL: tables, live.MODULES_SQL: modules, ENTRIES_SQL.format(where=""): journal}
        schema = live.read_live(lambda sql: answers[sql], app)
        return run(Request([str(tmp_path)], "expand"), schema)

    report = check_again([*rows])
    assert (report.findings, report.applied, report.files) == ([], [str(first)], [str(second)])
    for other in ([], rows[:1], [*rows, row(checksum, "undone")]):
        assert rules(check_again([*other])).get("alter-module") == ERROR
    assert check_again([*rows], app="other").refused


def test_the_edition_of_the_server_counts_where_none_is_stated() -> None:
    text = "ALTER TABLE dbo.Things ADD Size int NOT NULL CONSTRAINT DF_Size DEFAULT (0)"
    assert rules(check(text)) == {}
    assert rules(check(text, edition="standard"))["add-default-offline"] == ERROR
