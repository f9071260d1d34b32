# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login, encryption, parameters and types, with both drivers."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyodbc
import pytest
from lab import odbc
from lab.waiting import LIMIT_S

from .conftest import LabServer, Session, number_of

_TRY = "import pyodbc, sys; pyodbc.connect(sys.argv[1], timeout=5).close()"


def _connects(string: str, environment: dict[str, str]) -> bool:
    """Whether a process with that environment gets a connection."""
    done = subprocess.run(
        [sys.executable, "-c", _TRY, string],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


def test_the_certificate_is_verified(server: LabServer, driver: str) -> None:
    trusting = odbc.environment(odbc.install(server.state / "good", server.ca, server.address), server.ca)
    wrong = odbc.environment(odbc.install(server.state / "bad", server.other_ca, server.address), server.other_ca)
    assert _connects(server.string(driver), trusting)
    assert not _connects(server.string(driver), wrong)


def test_microsofts_driver_wants_the_name_of_the_certificate(server: LabServer) -> None:
    trusting = odbc.environment(server.state / "odbc", server.ca)
    assert not _connects(server.string(odbc.MICROSOFT, extra="ApplicationIntent=ReadWrite"), trusting)


def test_who_and_where(connect: Callable[..., Session], driver: str) -> None:
    session = connect(driver, app="a program")
    row = session.rows("SELECT DB_NAME(), SUSER_SNAME(), ORIGINAL_LOGIN(), APP_NAME(), @@SPID, USER_NAME()")[0]
    assert row[:4] == ("Shop", "deploy", "deploy", "a program") and row[4] > 50 and row[5] == "deploy"
    everyone = connect(driver, user="sa").rows(
        "SELECT program_name FROM sys.dm_exec_sessions WHERE is_user_process = 1"
    )
    assert ("a program",) in everyone
    assert session.value("SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID") == "TRUE"


@pytest.mark.parametrize(
    ("user", "password", "database", "numbers"),
    [
        ("deploy", "wrong", "Shop", {18456}),
        ("unknown", "wrong", "Shop", {18456}),
        ("deploy", None, "Nope", {4060, 18456}),
        ("outsider", None, "Shop", {4060, 18456}),
    ],
)
def test_logins_that_are_refused(
    server: LabServer, driver: str, user: str, password: str | None, database: str, numbers: set[int]
) -> None:
    with pytest.raises(pyodbc.Error) as caught:
        pyodbc.connect(server.string(driver, user, database, password=password), timeout=5)
    assert number_of(caught.value) in numbers


def test_an_unknown_database_is_4060(server: LabServer) -> None:
    with pytest.raises(pyodbc.Error) as caught:
        pyodbc.connect(server.string(odbc.MICROSOFT, database="Nope"), timeout=5)
    assert number_of(caught.value) == 4060


VALUES: list[tuple[str, Any]] = [
    ("tinyint", 255),
    ("smallint", -32768),
    ("int", -2147483648),
    ("bigint", 2**63 - 1),
    ("bit", True),
    ("decimal(20, 4)", Decimal("-1234567890.1234")),
    ("money", Decimal("-922337203.5808")),
    ("float", 1.25e100),
    ("date", dt.date(2024, 2, 29)),
    ("time(0)", dt.time(23, 59, 59)),
    ("datetime", dt.datetime(1999, 12, 31, 23, 59, 59, 997000)),
    ("datetime2(6)", dt.datetime(9999, 12, 31, 23, 59, 59, 999999)),
    ("smalldatetime", dt.datetime(2024, 2, 29, 12, 30)),
    ("uniqueidentifier", str(uuid.UUID(int=2**127 + 5)).upper()),
    ("varchar(10)", "café"),
    ("nvarchar(10)", "Ж✓𝄞"),
    ("nvarchar(max)", "x✓" * 20000),
    ("varchar(max)", "y" * 9000),
    ("varbinary(8)", b"\x00\xff\x10"),
    ("varbinary(max)", bytes(range(256)) * 100),
    ("char(5)", "ab   "),
    ("real", 0.5),
]


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=[kind for kind, _unused in VALUES])
def test_values_come_back_as_they_went(either: Session, kind: str, value: Any) -> None:
    either.run("DROP TABLE IF EXISTS dbo.Typed")
    either.run(f"CREATE TABLE dbo.Typed (Id int IDENTITY, V {kind} NULL)")
    assert either.run("INSERT dbo.Typed (V) VALUES (?)", value) == [1]
    assert either.run("INSERT dbo.Typed (V) VALUES (?)", None) == [1]
    assert either.rows("SELECT V FROM dbo.Typed ORDER BY Id") == [(value,), (None,)]
    assert either.rows("SELECT * FROM dbo.Typed WHERE V IS NULL") == [(2, None)]


def test_column_descriptions(either: Session) -> None:
    either.run("DROP TABLE IF EXISTS dbo.Described")
    either.run("CREATE TABLE dbo.Described (CamelCase nvarchar(30) NOT NULL, N decimal(9, 3) NULL)")
    cursor = either.connection.cursor()
    cursor.execute("SELECT *, COUNT(*) OVER () AS Total, camelcase AS other FROM dbo.Described")
    assert [(d[0], d[1].__name__, d[3]) for d in cursor.description] == [
        ("CamelCase", "str", 30),
        ("N", "Decimal", 9),
        ("Total", "int", 10),
        ("other", "str", 30),
    ]


def test_calls_and_statements_with_parameters(either: Session) -> None:
    either.run(
        "CREATE OR ALTER PROCEDURE dbo.Sum2 @a int, @b int = 5, @label nvarchar(20) = N'none' AS "
        "BEGIN SET NOCOUNT ON; SELECT @a + @b AS S, @label AS L; RETURN 3; END"
    )
    assert either.rows("{CALL dbo.Sum2 (?, ?)}", 1, 2) == [(3, "none")]
    assert either.rows("{CALL dbo.Sum2 (?)}", 1) == [(6, "none")]
    assert either.rows("EXEC dbo.Sum2 @label = ?, @a = ?", "x", 4) == [(9, "x")]
    cursor = either.connection.cursor()
    for i in range(5):  # one prepared statement, executed again and again
        cursor.execute("SELECT ? + 1, ?", i, None)
        assert [tuple(row) for row in cursor.fetchall()] == [(i + 1, None)]
    either.run("DROP TABLE IF EXISTS dbo.Many; CREATE TABLE dbo.Many (A int, B nvarchar(10))")
    cursor.executemany("INSERT INTO dbo.Many VALUES (?, ?)", [(i, f"r{i}") for i in range(20)])
    assert either.value("SELECT COUNT(*) FROM dbo.Many WHERE B = CONCAT('R', A)") == 20


def test_several_results_and_messages(either: Session) -> None:
    assert either.run("PRINT N'one'; SELECT 1 AS a; RAISERROR(N'two %d', 5, 1, 2); SELECT N'x', 3; PRINT N'end'") == [
        ("print", "one"),
        [(1,)],
        ("print", "two 2"),
        [("x", 3)],
        ("print", "end"),
    ]
    either.run("DROP TABLE IF EXISTS dbo.Counted; CREATE TABLE dbo.Counted (A int)")
    assert either.run(
        "INSERT dbo.Counted VALUES (1), (2); UPDATE dbo.Counted SET A = 3; SELECT @@ROWCOUNT; DELETE dbo.Counted"
    ) == [
        2,
        2,
        [(2,)],
        2,
    ]
    assert either.run("SET NOCOUNT ON; INSERT dbo.Counted VALUES (1); SELECT @@ROWCOUNT; SET NOCOUNT OFF") == [[(1,)]]


def test_an_error_after_the_first_result(either: Session) -> None:
    out = either.run("SELECT 1; SELECT 1 / 0; SELECT 3")
    assert out[0] == [(1,)] and out[1][:2] == ("error", 8134)
    assert either.value("SELECT 5") == 5


def test_autocommit_off(connect: Callable[..., Session], driver: str) -> None:
    session = connect(driver, autocommit=False)
    session.run("DROP TABLE IF EXISTS dbo.Manual")
    session.connection.commit()
    session.run("CREATE TABLE dbo.Manual (A int)")
    assert session.rows("SELECT @@TRANCOUNT, OBJECT_ID(N'dbo.Manual') - OBJECT_ID(N'dbo.Manual')") == [(1, 0)]
    session.connection.rollback()
    assert session.value("SELECT OBJECT_ID(N'dbo.Manual')") is None
    session.connection.rollback()
    assert connect(driver).value("SELECT @@TRANCOUNT") == 0


def test_a_statement_is_cancelled(either: Session) -> None:
    either.connection.timeout = 1
    started = time.monotonic()
    assert either.run("WAITFOR DELAY '00:04:00'")[-1][0] == "error"
    either.connection.timeout = 0
    assert time.monotonic() - started < LIMIT_S
    assert either.value("SELECT 1") == 1


def test_a_query_in_postgresql_is_cancelled(connect: Callable[..., Session]) -> None:
    holder, waiter = connect(), connect()
    holder.run("DROP TABLE IF EXISTS dbo.Held; CREATE TABLE dbo.Held (A int); INSERT dbo.Held VALUES (1)")
    holder.run("BEGIN TRAN; UPDATE dbo.Held SET A = 2")
    waiter.run("BEGIN TRAN")
    waiter.connection.timeout = 1
    assert waiter.run("UPDATE dbo.Held SET A = 3")[-1][0] == "error"
    waiter.connection.timeout = 0
    assert waiter.value("SELECT @@TRANCOUNT") == 1
    holder.run("ROLLBACK")
    assert waiter.run("UPDATE dbo.Held SET A = 3; COMMIT") == [1]


def test_databases_are_apart(connect: Callable[..., Session]) -> None:
    shop, other = connect(), connect(database="Other")
    shop.run("DROP TABLE IF EXISTS dbo.Here; CREATE TABLE dbo.Here (A int); INSERT dbo.Here VALUES (7)")
    assert other.error("SELECT * FROM dbo.Here") == 208
    assert other.rows("SELECT A FROM Shop.dbo.Here") == [(7,)]
    assert other.run("USE Shop; SELECT DB_NAME()")[-1] == [("Shop",)]
