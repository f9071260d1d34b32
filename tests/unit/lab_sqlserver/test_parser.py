# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parser on its own: what it makes of batches, and that no input breaks it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab.sqlserver.errors import SqlError
from lab.sqlserver.parser import nodes as n
from lab.sqlserver.parser.statements import Parser

KINDS: list[tuple[str, list[type]]] = [
    ("SELECT 1 DROP TABLE dbo.X", [n.SelectStatement, n.DropObjects]),
    ("DECLARE @a int = 1, @b nvarchar(max); SET @a += 2 PRINT @a", [n.Declare, n.SetVariable, n.Print]),
    ("IF 1 = 1 SELECT 1 ELSE SELECT 2 SELECT 3", [n.If, n.SelectStatement]),
    ("sp_rename 'a.b', 'c'", [n.Exec]),
    ("BEGIN TRAN x; COMMIT TRAN; ROLLBACK", [n.Transaction] * 3),
    ("WITH a AS (SELECT 1 AS x) UPDATE t SET y = 1 FROM a", [n.Update]),
    ("MERGE t USING s ON 1 = 1 WHEN MATCHED THEN DELETE;", [n.Merge]),
    ("CREATE TABLE a (b int) CREATE INDEX i ON a (b)", [n.CreateTable, n.CreateIndex]),
    ("BEGIN TRY SELECT 1 END TRY BEGIN CATCH THROW END CATCH", [n.TryCatch]),
    ("EXEC('SELECT 1') EXEC sp_executesql N'x' EXECUTE @rc = p 1, @x OUTPUT", [n.ExecString, n.Exec, n.Exec]),
    ("SELECT CASE WHEN 1 = 1 THEN 'a' END AS [end], \"quoted\" FROM [t]]x]", [n.SelectStatement]),
    ("GRANT SELECT, INSERT ON SCHEMA::dbo TO a, public", [n.Permission]),
    (
        "SET NOCOUNT, XACT_ABORT ON; SET LOCK_TIMEOUT -1; SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        [n.SetOption] * 3,
    ),
    ("WHILE 1 = 1 BEGIN BREAK; CONTINUE END", [n.While]),
    ("-- nothing\n/* at /* all */ */ ;;", []),
]


@pytest.mark.parametrize(("text", "kinds"), KINDS, ids=[text[:40] for text, _unused in KINDS])
def test_statements_of_a_batch(text: str, kinds: list[type]) -> None:
    assert [type(s) for s in Parser(text).batch()] == kinds


def test_the_line_of_an_error() -> None:
    with pytest.raises(SqlError) as caught:
        Parser("SELECT 1\n\n/* two\nlines */ SELECT FROM t").batch()
    assert (caught.value.number, caught.value.line) == (156, 4)


def test_quoted_identifier_off() -> None:
    (statement,) = Parser('SELECT "text"', quoted_identifier=False).batch()
    assert isinstance(statement, n.SelectStatement) and isinstance(statement.query, n.Select)
    assert isinstance(statement.query.items[0].expr, n.Literal)


_WORDS = [
    *[
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "ALTER",
        "DROP",
        "TABLE",
        "FROM",
        "WHERE",
        "SET",
        "VALUES",
        "BEGIN",
        "END",
        "IF",
        "ELSE",
        "EXEC",
        "CASE",
        "WHEN",
        "THEN",
        "AS",
        "ON",
    ],
    *[
        "JOIN",
        "(",
        ")",
        ",",
        ";",
        ".",
        "=",
        "+",
        "-",
        "*",
        "@x",
        "@@ROWCOUNT",
        "a",
        "[b]",
        "'c'",
        "N'd'",
        "1",
        "2.5",
        "0x1F",
        "NULL",
        "NOT",
        "IN",
        "EXISTS",
        "OVER",
        "ORDER",
        "BY",
        "TOP",
        "INTO",
        "/*",
        "*/",
    ],
    "--\n",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_WORDS), max_size=25).map(" ".join)))
def test_no_input_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(SqlError):
        Parser(text).batch()


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    for text in (
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "-" * 1 + "~" * 5000 + "1",
        "IF 1=1 " * 3000 + "SELECT 1",
        "SELECT " + "NOT " * 3000 + "1",
    ):
        with pytest.raises(SqlError):
            Parser(text).batch()
