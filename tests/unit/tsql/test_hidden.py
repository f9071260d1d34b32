# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every dangerous statement, after, inside and around other statements, is found every time."""

from __future__ import annotations

import re

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.findings import ERROR, Finding
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from unit.tsql.dangers import DANGERS, PLACES, STRINGS, hidden, mangled, quoted

OPTIONS = Options(phase="expand", advice=False)


def found(text: str) -> list[Finding]:
    return check_scripts([("hidden.sql", text)], OPTIONS).findings


def rules(text: str) -> set[str]:
    return {finding.rule for finding in found(text) if finding.severity == ERROR}


def test_there_are_enough_places() -> None:
    assert len(PLACES) + len(STRINGS) >= 40


@pytest.mark.parametrize("place", PLACES)
def test_the_places_are_clean(place: str) -> None:
    """What is found is the statement, not its surroundings."""
    text = hidden(PLACES[place], "PRINT N'nothing'")
    assert [(one.rule, one.message) for one in found(text) if one.severity == ERROR] == []


@pytest.mark.parametrize("danger", DANGERS)
def test_found_in_every_place(danger: str) -> None:
    rule, statement = DANGERS[danger]
    missed = [place for place, text in PLACES.items() if rule not in rules(hidden(text, statement))]
    assert missed == []


@pytest.mark.parametrize("danger", DANGERS)
def test_found_when_its_words_are_torn_apart(danger: str) -> None:
    rule, statement = DANGERS[danger]
    text = mangled(statement)
    missed = [place for place, around in PLACES.items() if rule not in rules(hidden(around, text))]
    assert missed == [], text


@pytest.mark.parametrize("danger", DANGERS)
def test_found_in_every_string(danger: str) -> None:
    rule, statement = DANGERS[danger]
    missed = [place for place, text in STRINGS.items() if rule not in rules(quoted(text, statement))]
    assert missed == []


@pytest.mark.parametrize("danger", DANGERS)
def test_found_twice_in_a_row(danger: str) -> None:
    """A statement does not hide the next one."""
    rule, statement = DANGERS[danger]
    for other in ("DROP TABLE dbo.Second", "TRUNCATE TABLE dbo.Second"):
        assert rule in rules(f"{other} {statement}")
        assert {"drop-table", "truncate"} & rules(f"{statement} {other}")


def test_bracketed_names() -> None:
    for text in (
        "DROP TABLE[dbo].[a]]b]",
        'DROP TABLE "dbo"."a""b"',
        "DROP TABLE [dbo] . [ ]",
        "DROP TABLE dbo.[DROP]",
    ):
        assert rules(text) == {"drop-table"}, text


@pytest.mark.parametrize("danger", DANGERS)
def test_in_a_new_procedure_it_is_a_warning_and_running_it_an_error(danger: str) -> None:
    rule, statement = DANGERS[danger]
    body = f"CREATE PROCEDURE dbo.spNew AS BEGIN SELECT 1 AS One; {statement}; END"
    assert rules(body) <= {"cross-database", "dynamic"}
    assert rule in rules(f"{body}\nGO\nEXEC dbo.spNew") or statement.startswith("USE")
    assert rule in rules(f"{body}\nGO\nINSERT INTO #work EXECUTE dbo.spNew") or statement.startswith("USE")


def test_positions_are_those_of_the_statement() -> None:
    [finding] = found("SELECT 1 AS One\nGO\n  EXEC(N'SELECT ''a'' AS A;\n   DROP TABLE dbo.Things')")
    assert (finding.line, finding.column) == (4, 15)
    [finding] = found("EXEC('EXEC(''DROP TABLE ''''dbo.Things'')')".replace("''''", ""))
    assert (finding.line, finding.column) == (1, 25)


@pytest.mark.parametrize(
    "text",
    [
        "DECLARE @s nvarchar(max) = N'DROP TABLE dbo.Things'; EXEC (@s)",
        "DECLARE @n sysname = 'x]; DROP TABLE dbo.Things --'; EXEC(N'SELECT 1 AS [' + @n + N']')",
        "DECLARE @n sysname; SELECT @n = name FROM dbo.Names; EXEC(N'SELECT 1 AS [' + @n + N']')",
        "DECLARE @n sysname; SELECT @n = name FROM sys.tables; SET @n = @n + 'x'; EXEC(N'SELECT 1 AS [' + @n + N']')",
        "DECLARE @n sysname = QUOTENAME(N'a') + N'; DROP TABLE dbo.Things'; EXEC(N'SELECT 1 AS ' + @n)",
        "EXEC sp_getname @n OUTPUT; EXEC(N'SELECT 1 AS [' + @n + N']')",
        (
            "DECLARE @n sysname; SELECT @n = name FROM sys.tables; FETCH NEXT FROM c INTO @n; EXEC(N'SELECT 1 AS [' "
            "+ @n + N']')"
        ),
    ],
)
def test_strings_of_which_a_part_is_not_known(text: str) -> None:
    assert "dynamic" in rules(text)


def test_a_danger_behind_a_known_variable_is_found() -> None:
    text = "DECLARE @n sysname; SELECT @n = name FROM sys.tables; EXEC(N'DROP TABLE [' + @n + N']')"
    assert rules(text) == {"drop-table"}


@pytest.mark.parametrize("text", ["SELECT 1{}", "EXEC('SELECT 1{}')"])
def test_exotic_characters_hide_nothing(text: str) -> None:
    for character in map(
        chr,
        [
            *range(1, 0x21),
            0x85,
            0xA0,
            0x1680,
            0x180E,
            *range(0x2000, 0x2010),
            0x2028,
            0x2029,
            0x202F,
            0x205F,
            0x2060,
            0x3000,
            0xFEFF,
        ],
    ):
        statement = re.sub(" ", character, " DROP TABLE dbo.Things")
        assert rules(text.replace("{}", statement)), hex(ord(character))


def test_procedures_that_run_themselves_or_each_other() -> None:
    loop = "CREATE PROCEDURE dbo.a AS BEGIN DROP TABLE dbo.Things; EXEC dbo.a; END"
    assert rules(loop) == set()
    assert rules(f"{loop}\nGO\nEXEC dbo.a") == {"drop-table"}
    chain = f"{loop}\nGO\nCREATE PROCEDURE dbo.b AS EXEC dbo.a\nGO\nCREATE PROCEDURE dbo.c AS EXEC dbo.b"
    assert rules(f"{chain}\nGO\nEXEC dbo.c") == {"drop-table"}
    assert rules("CREATE PROCEDURE dbo.a AS EXEC dbo.b\nGO\nCREATE PROCEDURE dbo.b AS EXEC dbo.a\nGO\nEXEC dbo.b") == {
        "dynamic"
    }


@pytest.mark.parametrize(
    "text",
    [
        "DELETE Orders WHERE Id IN (SELECT {0}.Id FROM #done AS {0})",
        "UPDATE Orders SET Total = 0 WHERE EXISTS ((SELECT 1 FROM (SELECT Id FROM #done {0}) AS d))",
        "INSERT Orders (Id) SELECT {0}.Id FROM #done AS {0}",
    ],
)
def test_an_alias_of_another_query_does_not_hide_a_table(text: str) -> None:
    """The table is not the temporary one that a subquery calls by its name."""
    expected = {finding.rule for finding in found(text.format("x"))}
    assert expected
    assert {finding.rule for finding in found(text.format("Orders"))} == expected
