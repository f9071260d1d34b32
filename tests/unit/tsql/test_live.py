# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live schema, read through a scripted query function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
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
    live.CONSTRAINTS_SQL: [("dbo", "Things", "PK_Things", "PK")],
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


class Applied:
    """Release 2.0 of the shop with two expand scripts: the first was applied, the second changes what it created."""

    def __init__(self, directory: Path, second: str) -> None:
        self.directory = directory
        scripts = directory / "db" / "expand"
        scripts.mkdir(parents=True)
        manifest = f"app: shop\nversion: '2.0'\nweb: {{artifact: web.zip, sha256: {'0' * 64}}}\n"
        (directory / "release.yml").write_text(manifest, encoding="utf-8")
        self.first, self.second = scripts / "1.sql", scripts / "2.sql"
        self.first.write_bytes(
            b"CREATE OR ALTER PROCEDURE dbo.spNew AS SELECT 1 AS One;\r\nGO\r\n"
            b"CREATE PROCEDURE dbo.spNew_2 AS SELECT 1 AS One;\r\nGO\r\n"
            b"CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY, Colour int NULL);\r\n"
        )
        self.second.write_text(second, encoding="utf-8")
        self.checksum = sha256(self.first.read_bytes().replace(b"\r\n", b"\n")).hexdigest()

    def row(self, state: str = "applied", release: str = "2.0", checksum: str = "") -> Sequence[Any]:
        return (1, "shop", "expand", "1.sql", checksum or self.checksum, state, release, None, 0, 1)

    def lint(
        self, journal: list[Sequence[Any]], nodes: list[tuple[str, str]] | None = None, app: str = "shop"
    ) -> Report:
        """What lint finds; ``nodes`` are those of the ledger, None where there is no ledger."""
        tables = [*ANSWERS[live.TABLES_SQL], ("deploy", "migration_journal", 3, 0), ("dbo", "N", 0, 0)]
        tables += [("deploy", "deployment_node", 1, 0)] if nodes is not None else []
        modules = [*ANSWERS[live.MODULES_SQL], *(("dbo", name, "P ", "", True) for name in ("spNew", "spNew_2"))]
        answers = {**ANSWERS, live.TABLES_SQL: tables, live.MODULES_SQL: modules, ENTRIES_SQL.format(where=""): journal}
        answers[live.NODES_SQL] = list(nodes or [])
        schema = live.read_live(lambda sql: answers[sql], app)
        return run(Request([str(self.directory)], "expand"), schema)


CHANGES = ["CREATE OR ALTER PROCEDURE dbo.spNew_2 AS SELECT 2 AS Two;", "ALTER TABLE dbo.N DROP COLUMN Colour;"]


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_broken_off_run_of_this_release_created_is_its_own(tmp_path: Path, change: str) -> None:
    release = Applied(tmp_path, change)
    report = release.lint([release.row(checksum="0" * 64), release.row()], [("shop", "1.0")])
    assert (report.findings, report.applied, report.files) == ([], [str(release.first)], [str(release.second)])


@pytest.mark.parametrize("change", CHANGES)
def test_what_an_earlier_release_created_is_in_use(tmp_path: Path, change: str) -> None:
    """A cumulative directory: 1.sql came with 1.0, which runs; 2.sql is new."""
    release = Applied(tmp_path, change)
    report = release.lint([release.row(release="1.0")], [("shop", "1.0")])
    assert report.refused
    assert report.applied == [str(release.first)]


@pytest.mark.parametrize("nodes", [None, [("shop", "2.0")], [("shop", "1.0"), ("shop", "")]], ids=str)
def test_what_runs_already_or_may_run_is_in_use(tmp_path: Path, nodes: list[tuple[str, str]] | None) -> None:
    release = Applied(tmp_path, CHANGES[1])
    assert release.lint([release.row()], nodes).refused


def test_scripts_that_were_not_applied_as_they_are_now_are_checked(tmp_path: Path) -> None:
    release = Applied(tmp_path, CHANGES[0])
    nodes = [("shop", "1.0")]
    for journal in ([], [release.row(checksum="0" * 64)], [release.row(), release.row("undone")]):
        assert rules(release.lint([*journal], nodes)).get("alter-module") == ERROR
    assert release.lint([release.row()], nodes, app="other").refused


def test_without_a_connection_the_scripts_of_a_supported_release_are_not_new(tmp_path: Path) -> None:
    """Continuous integration compares a cumulative directory with the former release's."""
    new, old = Applied(tmp_path / "2.0", CHANGES[1]), Applied(tmp_path / "1.0", "SELECT 1 AS One;")
    old.second.unlink()
    assert "drop-column" not in rules(run(Request([str(new.directory)], "expand")))
    report = run(Request([str(new.directory)], "expand", supported=[str(old.directory)]))
    assert rules(report)["drop-column"] == ERROR
    assert report.applied == [str(new.first)]


def test_a_condition_of_one_script_is_not_that_of_another() -> None:
    """Both are the first condition of the first batch of their file."""
    scripts = [
        ("1.sql", "IF OBJECT_ID(N'dbo.T') IS NULL CREATE TABLE dbo.T (Id int NOT NULL CONSTRAINT PK_T PRIMARY KEY);"),
        ("2.sql", "IF OBJECT_ID(N'dbo.T') IS NOT NULL DROP TABLE dbo.T;"),
    ]
    assert rules(check_scripts(scripts, Options()))["drop-table"] == ERROR


def test_backfill_alone_knows_what_expand_creates(tmp_path: Path) -> None:
    """Each phase is checked by itself in a rollout; the tables of the release's expand scripts are new all the same."""
    for phase, sql in (
        ("expand", "CREATE TABLE dbo.N (Id int NOT NULL CONSTRAINT PK_N PRIMARY KEY, Size int NULL);"),
        ("backfill", "UPDATE dbo.N SET Size = 1;"),
    ):
        (tmp_path / phase).mkdir()
        (tmp_path / phase / "1.sql").write_text(sql, encoding="utf-8")
    assert not run(Request([str(tmp_path)], "backfill")).findings
    (tmp_path / "expand" / "1.sql").write_text("SELECT 1 AS One;", encoding="utf-8")
    assert run(Request([str(tmp_path)], "backfill")).refused


@pytest.mark.parametrize(("applied", "refused"), [([], True), (["20260101_Old"], False)], ids=str)
def test_a_migration_in_the_history_of_entity_framework_is_not_checked_again(applied: list[str], refused: bool) -> None:
    text = (
        "IF NOT EXISTS (SELECT * FROM [__EFMigrationsHistory] WHERE [MigrationId] = N'20260101_Old')\n"
        "BEGIN\n    DROP TABLE [Things];\nEND;\nGO\n"
    )
    history = ("dbo", "__EFMigrationsHistory", 1, 0)
    answers = {**ANSWERS, live.TABLES_SQL: [*ANSWERS[live.TABLES_SQL], history]}
    answers[live.HISTORY_SQL.format(table="[dbo].[__efmigrationshistory]")] = [(name,) for name in applied]
    schema = live.read_live(lambda sql: answers[sql])
    assert check_scripts([("idempotent.sql", text)], Options(), schema).refused is refused


def test_the_edition_of_the_server_counts_where_none_is_stated() -> None:
    text = "ALTER TABLE dbo.Things ADD Size int NOT NULL CONSTRAINT DF_Size DEFAULT (0)"
    assert rules(check(text)) == {}
    assert rules(check(text, edition="standard"))["add-default-offline"] == ERROR
