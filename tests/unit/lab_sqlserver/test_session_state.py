# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SET options of a session: how long they last; and what a driver sees of triggers and nested calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import LabServer, Session

STATE = "SELECT @@LANGUAGE, @@DATEFIRST, @@LOCK_TIMEOUT, @@OPTIONS & 16384, @@OPTIONS & 256"
DEFAULTS = ("us_english", 7, -1, 0, 256)
CHANGES = "SET LANGUAGE German; SET DATEFIRST 3; SET LOCK_TIMEOUT 700; SET XACT_ABORT ON; SET QUOTED_IDENTIFIER OFF"


def test_options_of_a_new_odbc_session(either: Session) -> None:
    """ANSI_WARNINGS, ANSI_PADDING, ANSI_NULLS, QUOTED_IDENTIFIER, ANSI_NULL_DFLT_ON, CONCAT_NULL_YIELDS_NULL."""
    assert either.value("SELECT @@OPTIONS") == 8 + 16 + 32 + 256 + 1024 + 4096
    either.run("SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS ON")
    assert either.value("SELECT @@OPTIONS") == 8 + 16 + 32 + 256 + 1024 + 4096 + 512 + 16384 + 2


def test_settings_outlive_a_batch_and_a_rollback(db: Session) -> None:
    db.run(CHANGES)
    assert db.rows(STATE) == [("Deutsch", 3, 700, 16384, 0)]
    db.run("SET XACT_ABORT OFF; BEGIN TRAN; SET LANGUAGE French; SET DATEFIRST 5; ROLLBACK")
    assert db.rows(STATE) == [("Français", 5, 700, 0, 0)]


def test_settings_end_with_the_session_and_with_its_reset(server: LabServer, connect: Callable[..., Session]) -> None:
    session = connect()
    session.run(CHANGES)
    session.run("EXEC sp_reset_connection")
    assert session.rows(STATE) == [DEFAULTS]
    session.run(CHANGES)
    session.close()
    assert connect().rows(STATE) == [DEFAULTS]


@pytest.mark.parametrize("call", ["EXEC dbo.Changes", "EXEC sp_executesql @sql", "EXEC(@sql)"])
def test_settings_of_a_procedure_or_string_end_with_it(db: Session, call: str) -> None:
    """https://learn.microsoft.com/sql/t-sql/statements/set-statements-transact-sql"""
    db.run(f"CREATE OR ALTER PROCEDURE dbo.Changes AS BEGIN {CHANGES} END")
    db.run(f"DECLARE @sql nvarchar(1000) = N'{CHANGES}'; {call}")
    assert db.rows(STATE) == [DEFAULTS]


def test_identity_insert_lasts_until_the_session_ends(db: Session, connect: Callable[..., Session]) -> None:
    db.run(
        "DROP TABLE IF EXISTS dbo.I, dbo.J; CREATE TABLE dbo.I (Id int IDENTITY, V int); CREATE TABLE dbo.J (Id "
        "int IDENTITY)"
    )
    db.run("SET IDENTITY_INSERT dbo.I ON")
    assert db.error("INSERT dbo.I (V) VALUES (1)") == 545
    assert db.error("SET IDENTITY_INSERT dbo.J ON") == 8107
    assert connect().error("INSERT dbo.I (V) VALUES (1)") == 0
    db.run("EXEC sp_reset_connection")
    assert db.error("INSERT dbo.I (V) VALUES (1)") == 0


def test_identity_insert_of_a_dynamic_string_ends_with_it(db: Session) -> None:
    db.run("DROP TABLE IF EXISTS dbo.I; CREATE TABLE dbo.I (Id int IDENTITY, V int)")
    assert db.error("EXEC('SET IDENTITY_INSERT dbo.I ON; INSERT dbo.I (Id, V) VALUES (5, 1)')") == 0
    assert db.error("INSERT dbo.I (Id, V) VALUES (6, 1)") == 544


def test_quoted_identifier_off_makes_double_quotes_a_string(db: Session) -> None:
    db.run("SET QUOTED_IDENTIFIER OFF")
    assert db.rows('SELECT "text"') == [("text",)]
    db.run("SET QUOTED_IDENTIFIER ON")
    assert db.error('SELECT "text"') == 207


@pytest.mark.parametrize(
    ("statement", "number"),
    [("SET LANGUAGE Klingon", 2740), ("SET DATEFORMAT xyz", 2741), ("SET DATEFIRST 8", 2742)],
)
def test_values_that_are_refused(db: Session, statement: str, number: int) -> None:
    assert db.error(statement) == number


@pytest.mark.parametrize(
    "statement",
    ["SET ANSI_NULLS OFF", "SET ANSI_WARNINGS OFF", "SET CONCAT_NULL_YIELDS_NULL OFF", "SET NUMERIC_ROUNDABORT ON"],
)
def test_what_the_lab_does_in_one_way_only(db: Session, statement: str) -> None:
    assert db.error(statement) == 49990


# ---- triggers, as a driver sees them


@pytest.fixture(name="table")
def _table(db: Session) -> Session:
    db.run(
        "DROP TABLE IF EXISTS dbo.Tg, dbo.TgLog; CREATE TABLE dbo.Tg (Id int NOT NULL, n int NULL); CREATE TABLE "
        "dbo.TgLog (Id int NULL, What varchar(20))"
    )
    return db


def trigger(db: Session, body: str, events: str = "INSERT, UPDATE, DELETE") -> None:
    assert db.error(f"CREATE OR ALTER TRIGGER dbo.Tg_t ON dbo.Tg AFTER {events} AS BEGIN {body} END") == 0


def test_a_trigger_on_a_table_with_a_column_n(table: Session) -> None:
    trigger(table, "SET NOCOUNT ON; INSERT dbo.TgLog SELECT n, 'n' FROM inserted")
    table.run("INSERT dbo.Tg VALUES (1, 10), (2, 20)")
    assert table.rows("SELECT Id FROM dbo.TgLog ORDER BY Id") == [(10,), (20,)]


def test_counts_of_a_trigger_come_before_the_statements_own(table: Session) -> None:
    trigger(
        table, "INSERT dbo.TgLog SELECT Id, 'a' FROM inserted; INSERT dbo.TgLog SELECT Id, 'b' FROM inserted", "UPDATE"
    )
    table.run("INSERT dbo.Tg VALUES (1, 1), (2, 2), (3, 3)")
    assert table.run("UPDATE dbo.Tg SET n = 0 WHERE Id < 3") == [2, 2, 2]


def test_nocount_of_a_trigger_hides_its_counts_only(table: Session) -> None:
    trigger(table, "SET NOCOUNT ON; INSERT dbo.TgLog SELECT Id, 'a' FROM inserted")
    assert table.run("INSERT dbo.Tg VALUES (1, 1), (2, 2)") == [2]
    assert table.run("SET NOCOUNT ON; INSERT dbo.Tg VALUES (3, 1)") == []


def test_rowcount_after_a_trigger_is_the_statements(table: Session) -> None:
    trigger(table, "INSERT dbo.TgLog SELECT Id, 'a' FROM inserted CROSS JOIN (VALUES (1), (2), (3)) AS v (x)")
    out = table.run("INSERT dbo.Tg VALUES (1, 1), (2, 2); SELECT @@ROWCOUNT")
    assert out == [6, 2, [(2,)]]


def test_the_first_statement_of_a_trigger_sees_the_rowcount(table: Session) -> None:
    trigger(table, "DECLARE @c int = @@ROWCOUNT; SET NOCOUNT ON; INSERT dbo.TgLog VALUES (@c, 'count')")
    table.run("INSERT dbo.Tg VALUES (1, 1), (2, 2), (3, 3)")
    assert table.rows("SELECT Id FROM dbo.TgLog") == [(3,)]


def test_a_trigger_that_calls_a_procedure(table: Session) -> None:
    table.run(
        "CREATE OR ALTER PROCEDURE dbo.Note @id int AS BEGIN INSERT dbo.TgLog VALUES (@id, 'called'); RETURN 4 END"
    )
    trigger(
        table,
        "DECLARE @id int, @r int; SELECT @id = MAX(Id) FROM inserted; EXEC @r = dbo.Note @id; INSERT "
        "dbo.TgLog VALUES (@r, 'r')",
    )
    assert table.run("INSERT dbo.Tg VALUES (7, 1)") == [1, 1, 1]
    assert table.rows("SELECT Id FROM dbo.TgLog ORDER BY Id") == [(4,), (7,)]


def test_results_of_a_trigger_reach_the_client(table: Session) -> None:
    trigger(table, "SELECT Id FROM inserted ORDER BY Id")
    assert table.run("INSERT dbo.Tg VALUES (1, 1), (2, 2)") == [[(1,), (2,)], 2]


def test_a_trigger_does_not_fire_for_no_rows_differently(table: Session) -> None:
    """AFTER triggers fire once for each statement, also when no row has changed."""
    trigger(table, "SET NOCOUNT ON; INSERT dbo.TgLog SELECT COUNT(*), 'rows' FROM inserted")
    table.run("UPDATE dbo.Tg SET n = 1 WHERE Id = 999")
    assert table.rows("SELECT Id FROM dbo.TgLog") == [(0,)]


def test_output_without_into_and_a_trigger_is_334(table: Session) -> None:
    trigger(table, "SET NOCOUNT ON; INSERT dbo.TgLog SELECT Id, 'a' FROM inserted")
    assert table.error("INSERT dbo.Tg OUTPUT inserted.Id VALUES (1, 1)") == 334
    assert table.error("DECLARE @t TABLE (Id int); INSERT dbo.Tg OUTPUT inserted.Id INTO @t VALUES (1, 1)") == 0


def test_raiserror_in_a_trigger_does_not_end_it(table: Session) -> None:
    trigger(table, "RAISERROR('warning', 16, 1); SET NOCOUNT ON; INSERT dbo.TgLog VALUES (1, 'after')")
    assert table.error("INSERT dbo.Tg VALUES (1, 1)") == 50000
    assert table.rows("SELECT (SELECT COUNT(*) FROM dbo.Tg), (SELECT COUNT(*) FROM dbo.TgLog)") == [(1, 1)]


def test_rollback_in_a_trigger_ends_the_batch(table: Session) -> None:
    trigger(table, "ROLLBACK")
    assert (
        table.error("BEGIN TRAN; INSERT dbo.TgLog VALUES (1, 'before'); INSERT dbo.Tg VALUES (1, 1); SELECT 1") == 3609
    )
    assert table.rows("SELECT @@TRANCOUNT, (SELECT COUNT(*) FROM dbo.TgLog)") == [(0, 0)]


# ---- names and values ignore case, application locks do not


def test_names_and_comparisons_ignore_case(db: Session, connect: Callable[..., Session]) -> None:
    db.run("DROP TABLE IF EXISTS dbo.CaseTest; CREATE TABLE dbo.CaseTest (Name nvarchar(50) NOT NULL PRIMARY KEY)")
    assert db.run("INSERT DBO.CASETEST (NAME) VALUES (N'Web01')") == [1]
    assert db.error("INSERT dbo.CaseTest VALUES (N'WEB01')") == 2627
    assert db.value("SELECT COUNT(*) FROM dbo.casetest WHERE name = N'wEB01'") == 1
    assert db.value("SELECT CASE WHEN N'2.0-rc1' = N'2.0-RC1' THEN 1 ELSE 0 END") == 1
    other = connect()
    lock = (
        "DECLARE @r int; EXEC @r = sp_getapplock @Resource = ?, @LockMode = 'Exclusive', @LockOwner = 'Session', "
        "@LockTimeout = 0; SELECT @r"
    )
    assert db.value(lock, "Race") == 0
    assert other.value(lock, "race") == 0
    assert other.value(lock, "Race") == -1
