# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.behaviour import Request, carry_out
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._ledger.sql import SqlLedgerStore
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.errors import MssqlError, ServerError
from unit.mssql.scripted import Answer, ScriptedServer, count, rows

NOW = datetime.datetime(2026, 11, 20, 12, 0, 0)
GONE = ServerError("Invalid object name", 208, "42S02")
ROLE = "CREATE ROLE zero_downtime_deploy"
USED = (
    ROLE,
    ("SELECT version FROM deploy.zero_downtime_format", rows((1,))),
    ("deployment_lease WHERE 1 = 0", rows((0,))),
)
BEGUN = ("BEGIN TRANSACTION;", ("sp_getapplock.*ledger/shop.*N'Transaction'", rows((0,))))
NOTHING = (("FROM deploy.deployment_lease", rows()), ("deployment_node", rows()), ("deployment_consumer", rows()))


def lease(token: int, run_id: str, alive: int = 1) -> tuple[str, Answer]:
    return ("FROM deploy.deployment_lease", rows((token, True, "ann", run_id, NOW, NOW, NOW, alive, "2")))


def test_taking_the_first_lease_is_one_transaction_under_a_lock() -> None:
    server = ScriptedServer(
        *USED,
        *BEGUN,
        *NOTHING,
        NOTHING[0],
        (
            "INSERT INTO deploy.deployment_lease .*1, 1, N'ann', N'r1'.*DATEADD\\(SECOND, 600, "
            "SYSUTCDATETIME\\(\\)\\), N'2'"
        ),
        ("UPDATE deploy.deployment_run", count(0)),
        "INSERT INTO deploy.deployment_run",
        "INSERT INTO deploy.deployment_event",
        lease(1, "r1"),
        *NOTHING[1:],
        "COMMIT TRANSACTION;",
    )
    with server.connect() as connection:
        store = SqlLedgerStore(connection, "shop")
        result = carry_out(store, Request("leased", "shop", "r1", "ann", version="2"), check_mode=False)
    assert result["lease"]["held"]
    server.finished()


def test_a_refusal_rolls_back() -> None:
    other = lease(3, "r9")
    server = ScriptedServer(*USED, *BEGUN, other, *NOTHING[1:], other, "IF @@TRANCOUNT > 0 ROLLBACK")
    with server.connect() as connection, pytest.raises(Exception, match="is being deployed by ann"):
        carry_out(SqlLedgerStore(connection, "shop"), Request("leased", "shop", "r1"), check_mode=False)
    server.finished()


def test_tables_are_made_once_under_a_session_lock_and_outside_of_a_transaction() -> None:
    missing = (("zero_downtime_format", GONE), ("deployment_lease WHERE 1 = 0", GONE))
    server = ScriptedServer(
        ROLE,
        *missing,
        ("sp_getapplock.*N'Session'", rows((0,))),
        *missing,
        "CREATE SCHEMA deploy",
        "CREATE TABLE deploy.zero_downtime_format",
        "BEGIN TRANSACTION;",
        *(f"CREATE TABLE deploy.deployment_{name}" for name in ("lease", "run", "node", "consumer", "event")),
        "INSERT INTO deploy.zero_downtime_format.*COMMIT TRANSACTION",
        "sp_releaseapplock",
        *BEGUN,
    )
    with server.connect() as connection:
        SqlLedgerStore(connection, "shop").begin()
    server.finished()


def test_a_ledger_of_another_format_or_without_rights_fails_closed() -> None:
    denied = ServerError("The SELECT permission was denied", 229, "42000")
    for answers, message in (
        ([("zero_downtime_format", rows((9,)))], "have format 9, expected is 1: update the collection"),
        ([("zero_downtime_format", denied)], "could not be read"),
        ([USED[1], ("deployment_lease WHERE 1 = 0", GONE)], "is missing: restore it"),
    ):
        server = ScriptedServer(ROLE, *answers)
        with server.connect() as connection, pytest.raises(MssqlError, match=message):
            SqlLedgerStore(connection, "shop").begin()
        server.finished()


def test_a_busy_ledger_is_told() -> None:
    server = ScriptedServer(*USED, "BEGIN", ("sp_getapplock", rows((-1,))), "ROLLBACK")
    with server.connect() as connection, pytest.raises(MssqlError, match="Another task has been writing"):
        SqlLedgerStore(connection, "shop").begin()
