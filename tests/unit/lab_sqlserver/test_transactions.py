# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""@@TRANCOUNT, XACT_ABORT, TRY and CATCH: how far an error reaches."""

from __future__ import annotations

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
    # names are looked up when a statement's turn comes
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
