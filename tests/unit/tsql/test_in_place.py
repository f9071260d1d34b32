# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project that changes modules in place: what callers would notice is refused, the rest is a warning."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.live import LiveSchema, ModuleFacts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.run import Request, run

OLD = {
    "p": "CREATE PROCEDURE dbo.p @id int, @name nvarchar(50) = N'' AS SELECT t.Id, t.Name AS Title FROM dbo.T AS t",
    "v": "CREATE VIEW dbo.v AS SELECT Id, Name FROM dbo.T",
    "f": "CREATE FUNCTION dbo.f (@id int) RETURNS TABLE AS RETURN (SELECT Id FROM dbo.T WHERE Id = @id)",
    "s": "CREATE FUNCTION dbo.s (@a int, @b int = 1) RETURNS int AS BEGIN RETURN @a + @b END",
}
SAME = [
    "CREATE OR ALTER PROC dbo.p @id int, @name nvarchar(50) = N'x' AS BEGIN SELECT Id, Title = Name FROM dbo.U END",
    "CREATE OR ALTER PROC dbo.p (@Id INT, @name nvarchar (50) = NULL, @b bit = 0) AS SELECT Id, Name Title FROM dbo.T",
    "ALTER VIEW dbo.v AS WITH c AS (SELECT * FROM dbo.T) SELECT c.Id, UPPER(c.Name) AS Name FROM c",
    "ALTER FUNCTION dbo.f (@id int) RETURNS TABLE AS RETURN SELECT Id FROM dbo.T2 WHERE Id = @id",
    "ALTER FUNCTION dbo.s (@a int, @b int = 1) RETURNS int AS BEGIN RETURN @a * @b END",
]
NOTICED = {
    "ALTER PROC dbo.p @name nvarchar(50) = N'', @id int AS SELECT Id, Name AS Title FROM dbo.T": "in the place of",
    "ALTER PROC dbo.p @id bigint, @name nvarchar(50) = N'' AS SELECT Id, Name AS Title FROM dbo.T": "was INT",
    "ALTER PROC dbo.p @id int, @name nvarchar(40) = N'' AS SELECT Id, Name AS Title FROM dbo.T": "was NVARCHAR",
    "ALTER PROC dbo.p @id int, @name nvarchar(50) AS SELECT Id, Name AS Title FROM dbo.T": "lost its default",
    "ALTER PROC dbo.p @id int OUTPUT, @name nvarchar(50) = N'' AS SELECT Id, Name AS Title FROM dbo.T": "OUTPUT",
    "ALTER PROC dbo.p @id int AS SELECT Id, Name AS Title FROM dbo.T": "@name is gone",
    "ALTER PROC dbo.p @id int, @name nvarchar(50) = N'', @b bit AS SELECT Id, Name AS Title FROM dbo.T": "no default",
    "ALTER PROC dbo.p @id int, @name nvarchar(50) = N'' AS SELECT Id, Name FROM dbo.T": "it returned (id, title)",
    "ALTER PROC dbo.p @id int, @name nvarchar(50) = N'' AS SELECT Id FROM dbo.T": "it returned (id, title)",
    "ALTER PROC dbo.p @id int, @name nvarchar(50) = N'' AS PRINT N'a'": "no rows",
    "ALTER PROC dbo.p @id int, @name nvarchar(50) = N'' AS SELECT * FROM dbo.T": "cannot be read",
    "ALTER PROC dbo.p @id int, @name nvarchar(50) = N'' AS EXEC dbo.q": "cannot be read",
    "ALTER VIEW dbo.v AS SELECT Name, Id FROM dbo.T": "it returned (id, name)",
    "ALTER FUNCTION dbo.f (@id int, @more int = 1) RETURNS TABLE AS RETURN (SELECT Id FROM dbo.T)": "names all of them",
    "ALTER FUNCTION dbo.s (@a int, @b int = 1) RETURNS bigint AS BEGIN RETURN 1 END": "RETURNS BIGINT",
}


def _live() -> LiveSchema:
    modules = {("dbo", name): ModuleFacts("dbo", name, "MODULE", text) for name, text in OLD.items()}
    return LiveSchema(modules=modules)


def _found(sql: str, policy: str, live: LiveSchema | None) -> list[tuple[str, str]]:
    report = check_scripts([("s.sql", sql)], Options(modules=policy, advice=False), live)
    return [(one.severity, one.message) for one in report.findings if one.rule == "alter-module"]


@pytest.mark.parametrize("sql", SAME)
def test_what_callers_do_not_notice_is_a_warning(sql: str) -> None:
    assert [severity for severity, _message in _found(sql, "in_place", _live())] == ["warning"]
    assert [severity for severity, _message in _found(sql, "versioned", _live())] == ["error"]


@pytest.mark.parametrize("sql", NOTICED)
def test_what_callers_notice_is_an_error(sql: str) -> None:
    [(severity, message)] = _found(sql, "in_place", _live())
    assert severity == "error"
    assert NOTICED[sql] in message


@pytest.mark.parametrize("sql", SAME)
def test_without_the_live_schema_it_cannot_be_compared(sql: str) -> None:
    [(severity, message)] = _found(sql, "in_place", None)
    assert severity == "error"
    assert "without the live schema" in message


@pytest.mark.parametrize(
    ("stated", "option", "severity"),
    [("in_place", "", "warning"), ("", "in_place", "warning"), ("versioned", "", "error"), ("", "", "error")],
)
def test_the_release_states_its_policy(tmp_path: Path, stated: str, option: str, severity: str) -> None:
    (tmp_path / "db" / "expand").mkdir(parents=True)
    (tmp_path / "db" / "expand" / "1.sql").write_text(SAME[0], encoding="utf-8")
    web = f"web: {{artifact: web.zip, sha256: {'0' * 64}}}"
    policy = f"modules: {stated}\n" if stated else ""
    (tmp_path / "release.yml").write_text(f"app: shop\nversion: 2.0.0\n{web}\n{policy}", encoding="utf-8")
    report = run(Request([str(tmp_path)], "expand", options=Options(modules=option, advice=False)), _live())
    assert [one.severity for one in report.findings if one.rule == "alter-module"] == [severity]


def test_a_trigger_is_not_changed_in_place() -> None:
    sql = "ALTER TRIGGER dbo.p ON dbo.T AFTER INSERT AS BEGIN SET NOCOUNT ON; END"
    assert [severity for severity, _message in _found(sql, "in_place", _live())] == ["error"]
