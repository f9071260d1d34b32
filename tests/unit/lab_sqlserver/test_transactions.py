# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""@@TRANCOUNT, XACT_ABORT, TRY and CATCH: how far an error reaches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Session

SETUP = (
    "DROP TABLE IF EXISTS dbo.T; CREATE TABLE dbo.T (Id int NOT NULL CONSTRAINT PK_T PRIMARY KEY); INSERT dbo.T "
    "VALUES (1)"
)


@pytest.fixture(autouse=True)
def _table(db: Session) -> None:
    db.run(SETUP)


def test_a_statement_fails_and_the_batch_goes_on(either: Session) -> None:
    out = either.run(
        "SET NOCOUNT ON; BEGIN TRAN; INSERT dbo.T VALUES (2); BEGIN TRY INSERT dbo.T VALUES (1) END TRY BEGIN CATCH "
        "SELECT ERROR_NUMBER(), XACT_STATE() END CATCH; SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T; COMMIT"
    )
    assert out == [[(2627, 1)], [(1, 2)]]
    assert either.value("SELECT COUNT(*) FROM dbo.T") == 2


def test_without_try_the_next_statement_runs(db: Session) -> None:
    assert db.error("INSERT dbo.T VALUES (1); INSERT dbo.T VALUES (9)") == 2627
    assert db.value("SELECT COUNT(*) FROM dbo.T WHERE Id = 9") == 1


def test_xact_abort_rolls_back(db: Session) -> None:
    assert (
        db.error(
            "SET XACT_ABORT ON; BEGIN TRAN; INSERT dbo.T VALUES (2); INSERT dbo.T VALUES (1); INSERT dbo.T VALUES (3)"
        )
        == 2627
    )
    assert db.rows("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T") == [(0, 1)]


def test_xact_abort_in_try_dooms(db: Session) -> None:
    out = db.run(
        "SET XACT_ABORT ON; SET NOCOUNT ON; BEGIN TRY BEGIN TRAN; INSERT dbo.T VALUES (2); INSERT dbo.T VALUES (1); "
        "COMMIT END TRY "
        "BEGIN CATCH SELECT XACT_STATE(), (SELECT COUNT(*) FROM dbo.T); INSERT dbo.T VALUES (5); END CATCH"
    )
    assert out[0] == [(-1, 2)] and out[1][:2] == ("error", 3930)
    assert db.rows("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T") == [(0, 1)]


def test_a_compile_error_is_caught_only_outside(db: Session) -> None:
    assert db.error("BEGIN TRY SELECT * FROM dbo.NotThere END TRY BEGIN CATCH SELECT 'caught' END CATCH") == 208
    assert db.rows(
        "BEGIN TRY EXEC('SELECT * FROM dbo.NotThere') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH"
    ) == [(208,)]


def test_throw_and_raiserror(db: Session) -> None:
    assert db.run("THROW 50001, N'gone', 3; SELECT 'not reached'")[-1][1] == 50001
    out = db.run(
        "BEGIN TRY RAISERROR(N'bad %s', 16, 7, N'x') END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_MESSAGE(), "
        "ERROR_STATE(); "
        "THROW END CATCH"
    )
    assert out[0] == [(50000, "bad x", 7)] and out[1][1] == 50000
    assert db.run("RAISERROR(N'goes on', 11, 1)")[-1][1] == 50000


def test_nesting_and_savepoints(db: Session) -> None:
    assert db.run(
        "SET NOCOUNT ON; BEGIN TRAN; BEGIN TRAN; SELECT @@TRANCOUNT; COMMIT; SAVE TRAN s; INSERT dbo.T VALUES (2); "
        "ROLLBACK TRAN s; SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T; ROLLBACK; SELECT @@TRANCOUNT"
    ) == [[(2,)], [(1, 1)], [(0,)]]
    assert db.error("COMMIT") == 3902
    assert db.error("ROLLBACK") == 3903
    assert db.error("SAVE TRAN x") == 628


def test_definitions_roll_back(db: Session) -> None:
    db.run("BEGIN TRAN; ALTER TABLE dbo.T ADD B int NULL")
    db.run("CREATE PROCEDURE dbo.Undone AS SELECT 1")
    assert db.rows("SELECT COL_LENGTH('dbo.T', 'B'), OBJECT_ID('dbo.Undone') - OBJECT_ID('dbo.Undone')") == [(4, 0)]
    db.run("ROLLBACK")
    assert db.rows("SELECT COL_LENGTH('dbo.T', 'B'), OBJECT_ID('dbo.Undone')") == [(None, None)]
    assert db.error("ALTER TABLE dbo.T ADD B int NULL") == 0


def test_a_batch_is_parsed_before_it_runs(db: Session) -> None:
    assert db.error("INSERT dbo.T VALUES (7); SELECT FROM WHERE") in (102, 156)
    assert db.value("SELECT COUNT(*) FROM dbo.T WHERE Id = 7") == 0
    # a table that does not exist is looked up when its statement runs
    assert db.error("INSERT dbo.T VALUES (8); SELECT * FROM dbo.NotThere") == 208
    assert db.value("SELECT COUNT(*) FROM dbo.T WHERE Id = 8") == 1


def test_a_trigger_that_fails_takes_all_back(db: Session) -> None:
    db.run(
        "CREATE OR ALTER TRIGGER dbo.T_no ON dbo.T AFTER INSERT AS IF EXISTS (SELECT 1 FROM inserted WHERE Id = 66) "
        "THROW 50066, 'no', 1"
    )
    assert db.error("BEGIN TRAN; INSERT dbo.T VALUES (5); INSERT dbo.T VALUES (66); SELECT 'not reached'") == 50066
    assert db.rows("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T") == [(0, 1)]
    assert db.error("INSERT dbo.T VALUES (66)") == 50066
    assert db.run("INSERT dbo.T VALUES (67)") == [1]


def test_lock_timeout_and_settings_survive_a_rollback(db: Session) -> None:
    db.run("SET LOCK_TIMEOUT 300; BEGIN TRAN; SET LOCK_TIMEOUT 400; ROLLBACK")
    assert db.value("SELECT @@LOCK_TIMEOUT") == 400


def test_session_settings_end_with_a_procedure(db: Session) -> None:
    db.run("CREATE OR ALTER PROCEDURE dbo.Sets AS BEGIN SET NOCOUNT ON; SET XACT_ABORT ON END")
    assert db.run("EXEC dbo.Sets; INSERT dbo.T VALUES (30)") == [1]


# ---- what becomes of a doomed transaction


def test_a_doomed_transaction_ends_with_its_batch(either: Session) -> None:
    out = either.run(
        "BEGIN TRAN; INSERT dbo.T VALUES (2); BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH SELECT "
        "XACT_STATE() END CATCH"
    )
    assert out[:2] == [1, [(-1,)]] and out[2][:2] == ("error", 3998)
    assert either.rows("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T") == [(0, 1)]


def test_a_doomed_transaction_ends_with_a_call(db: Session) -> None:
    sql = "BEGIN TRAN; BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH SELECT ? END CATCH"
    assert db.error(sql, 1) == 3998
    assert db.value("SELECT @@TRANCOUNT") == 0


@pytest.mark.parametrize(
    ("statement", "number"), [("COMMIT", 3930), ("SAVE TRAN s", 3930), ("INSERT dbo.T VALUES (9)", 3930)]
)
def test_a_doomed_transaction_takes_nothing_but_rollback(db: Session, statement: str, number: int) -> None:
    doom = "BEGIN TRAN; BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH"
    assert db.error(f"{doom} {statement} END CATCH") == number
    assert db.error(f"{doom} ROLLBACK END CATCH") == 0
    assert db.error(f"{doom} SELECT COUNT(*) FROM dbo.T END CATCH") == 3998


def test_a_doomed_transaction_is_not_rolled_back_to_a_savepoint(db: Session) -> None:
    assert (
        db.error(
            "BEGIN TRAN; SAVE TRAN s; BEGIN TRY SELECT CAST('x' AS int) END TRY BEGIN CATCH ROLLBACK TRAN s END CATCH"
        )
        == 3931
    )


# ---- names


def test_rollback_by_name(db: Session) -> None:
    assert db.error("BEGIN TRAN; ROLLBACK TRAN nosuch") == 6401
    assert db.value("SELECT @@TRANCOUNT") == 1
    assert db.error("ROLLBACK TRAN nosuch; ROLLBACK") == 6401
    db.run("IF @@TRANCOUNT > 0 ROLLBACK")
    assert db.error("ROLLBACK TRAN nosuch") == 3903
    assert db.run("BEGIN TRAN Outermost; BEGIN TRAN inner_; ROLLBACK TRAN Outermost; SELECT @@TRANCOUNT") == [[(0,)]]
    # the name of an inner BEGIN TRAN is no place to roll back to
    assert db.error("BEGIN TRAN; BEGIN TRAN inner_; ROLLBACK TRAN inner_") == 6401
    db.run("ROLLBACK")


def test_names_of_savepoints_are_case_sensitive(db: Session) -> None:
    assert db.run(
        "SET NOCOUNT ON; BEGIN TRAN; SAVE TRAN s; INSERT dbo.T VALUES (2); SAVE TRAN S; INSERT dbo.T VALUES (3); "
        "ROLLBACK TRAN S; SELECT COUNT(*) FROM dbo.T; ROLLBACK TRAN s; SELECT COUNT(*) FROM dbo.T; ROLLBACK"
    ) == [[(2,)], [(1,)]]


# ---- how far an error reaches

ENDS = {  # what ends when nothing catches the error and XACT_ABORT is off
    "SELECT 1 / 0": "statement",
    "INSERT dbo.T VALUES (1)": "statement",
    "INSERT dbo.T VALUES (NULL)": "statement",
    "RAISERROR('mine', 16, 1)": "statement",
    "SELECT CAST('2024-13-01' AS datetime)": "statement",
    "EXEC dbo.NotThere": "statement",
    "EXEC('SELECT FROM')": "statement",
    "EXEC('SELECT Nope FROM dbo.T')": "statement",
    "THROW 50001, 'mine', 1": "batch",
    "SELECT * FROM dbo.NotThere": "batch",
    "SELECT CAST('x' AS int)": "transaction",
    "SELECT CAST('x' AS decimal(5, 2))": "transaction",
    "SELECT CAST('x' AS datetime)": "transaction",
    "SELECT CAST('x' AS uniqueidentifier)": "transaction",
    "SELECT CAST('x' AS money)": "transaction",
}


@pytest.mark.parametrize(("statement", "ends"), ENDS.items())
def test_the_reach_of_an_error(db: Session, statement: str, ends: str) -> None:
    assert db.error(f"SET XACT_ABORT OFF; BEGIN TRAN; INSERT dbo.T VALUES (2); {statement}; INSERT dbo.T VALUES (3)")
    expected = {"statement": (1, 3), "batch": (1, 2), "transaction": (0, 1)}[ends]
    assert db.rows("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T") == [expected]
    db.run("IF @@TRANCOUNT > 0 ROLLBACK")


@pytest.mark.parametrize("statement", [s for s in ENDS if not s.startswith(("RAISERROR", "EXEC("))])
def test_under_xact_abort_every_error_rolls_back(db: Session, statement: str) -> None:
    assert db.error(f"SET XACT_ABORT ON; BEGIN TRAN; INSERT dbo.T VALUES (2); {statement}; INSERT dbo.T VALUES (3)")
    assert db.rows("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T") == [(0, 1)]


def test_raiserror_does_not_heed_xact_abort(db: Session) -> None:
    db.run("SET XACT_ABORT ON; BEGIN TRAN; RAISERROR('mine', 16, 1); INSERT dbo.T VALUES (3)")
    assert db.rows("SELECT @@TRANCOUNT, COUNT(*) FROM dbo.T") == [(1, 2)]
    db.run("ROLLBACK")


@pytest.mark.parametrize(("xact_abort", "expected"), [("OFF", (1, 1)), ("ON", (0, 0))])
def test_a_lock_timeout_ends_its_statement(
    db: Session, connect: Callable[..., Session], xact_abort: str, expected: tuple[int, int]
) -> None:
    """A commit batch goes on after 1222, and commits what came before it."""
    other = connect()
    db.run("BEGIN TRAN; UPDATE dbo.T SET Id = 5 WHERE Id = 1")
    number = other.error(
        f"SET XACT_ABORT {xact_abort}; SET LOCK_TIMEOUT 50; BEGIN TRAN; INSERT dbo.T VALUES (8); UPDATE dbo.T SET Id = "
        "6 WHERE Id = 1; IF @@TRANCOUNT > 0 COMMIT"
    )
    assert number == 1222
    db.run("COMMIT")
    assert db.rows("SELECT 1 - SIGN(@@TRANCOUNT), COUNT(*) FROM dbo.T WHERE Id = 8")[0][1] == expected[1]


# ---- a batch is bound before it runs

NOT_BOUND = {
    "ALTER TABLE dbo.T ADD C int NULL; UPDATE dbo.T SET C = 1": 207,
    "INSERT dbo.T VALUES (7); SELECT Nope FROM dbo.T": 207,
    "INSERT dbo.T VALUES (7); IF EXISTS (SELECT 1 FROM dbo.T WHERE Nope = 1) SELECT 1": 207,
    "INSERT dbo.T VALUES (7); BEGIN TRY SELECT Nope FROM dbo.T END TRY BEGIN CATCH SELECT 'caught' END CATCH": 207,
    "INSERT dbo.T VALUES (7); WHILE 1 = 0 DELETE dbo.T WHERE Nope = 1": 207,
    "INSERT dbo.T VALUES (7); SELECT a.Id FROM dbo.T AS a JOIN dbo.T AS b ON a.Id = b.Id WHERE Id = 1": 209,
    "INSERT dbo.T VALUES (7); SELECT x.Id FROM dbo.T": 4104,
    "INSERT dbo.T VALUES (7); SET @missing = 1": 137,
    "INSERT dbo.T VALUES (7); PRINT @missing": 137,
    "CREATE PROCEDURE dbo.NotBound AS SELECT Nope FROM dbo.T": 207,
    "CREATE TRIGGER dbo.NotBound ON dbo.T AFTER INSERT AS SELECT Nope FROM inserted": 207,
}


@pytest.mark.parametrize(("sql", "number"), NOT_BOUND.items())
def test_a_batch_with_a_column_that_does_not_exist_runs_nothing(db: Session, sql: str, number: int) -> None:
    assert db.error(sql) == number
    assert db.rows("SELECT COL_LENGTH('dbo.T', 'C'), COUNT(*), OBJECT_ID('dbo.NotBound') FROM dbo.T") == [
        (None, 1, None)
    ]


def test_a_missing_table_is_looked_up_when_its_statement_runs(db: Session) -> None:
    """Deferred name resolution: also in procedures, and for tables that the batch itself creates."""
    db.run("DROP TABLE IF EXISTS dbo.BoundLater; DROP PROCEDURE IF EXISTS dbo.BoundEarly")
    assert db.error("CREATE PROCEDURE dbo.BoundEarly AS SELECT Nope FROM dbo.BoundLater") == 0
    assert db.error("INSERT dbo.T VALUES (7); SELECT Nope FROM dbo.BoundLater") == 208
    assert db.value("SELECT COUNT(*) FROM dbo.T") == 2
    assert db.run(
        "CREATE TABLE dbo.BoundLater (A int); INSERT dbo.BoundLater (A) VALUES (1); SELECT A FROM dbo.BoundLater"
    ) == [
        1,
        [(1,)],
    ]
    assert db.rows(
        "BEGIN TRY EXEC dbo.BoundEarly END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_PROCEDURE() END CATCH"
    ) == [(207, "BoundEarly")]


# ---- @@ROWCOUNT

ROWCOUNTS = {
    "PRINT 'x'": 0,
    "BEGIN TRAN; COMMIT": 0,
    "BEGIN TRAN; ROLLBACK": 0,
    "SET NOCOUNT ON": 0,
    "USE Shop": 0,
    "IF 1 = 1 PRINT ''": 0,
    "RAISERROR('note', 0, 1)": 0,
    "DECLARE @declared int": 3,
    "DECLARE @set int; SET @set = 5": 1,
    "DECLARE @s int; SELECT @s = 5": 1,
    "SELECT 'text'": 1,
    "EXEC('SELECT 1 UNION ALL SELECT 2')": 2,
    "UPDATE dbo.T SET Id = Id": 1,
    "BEGIN TRY INSERT dbo.T VALUES (1) END TRY BEGIN CATCH DECLARE @c int END CATCH": 0,
}


@pytest.mark.parametrize(("statement", "count"), ROWCOUNTS.items())
def test_rowcount(db: Session, statement: str, count: int) -> None:
    """https://learn.microsoft.com/sql/t-sql/functions/rowcount-transact-sql"""
    out = db.run(f"SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3; {statement}; SELECT @@ROWCOUNT, 'end'")
    assert out[-1] == [(count, "end")]


def test_a_condition_resets_rowcount_and_error(db: Session) -> None:
    out = db.run("SELECT 1 UNION ALL SELECT 2; IF @@ROWCOUNT = 2 SELECT @@ROWCOUNT")
    assert out == [[(1,), (2,)], [(0,)]]
