# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transactions that meet: application locks, lock time-outs, deadlocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from lab.postgres import Cluster
from lab.sqlserver.locks import AppLocks
from lab.waiting import LIMIT_S, wait_until

from .conftest import LabServer, Session

Connect = Callable[..., Session]


def lock(
    session: Session,
    resource: str = "r",
    mode: str = "Exclusive",
    owner: str = "Session",
    timeout: int = 0,
    principal: str = "public",
) -> int:
    return int(
        session.value(
            f"SET NOCOUNT ON; DECLARE @rc int; EXEC @rc = sp_getapplock @Resource = N'{resource}', @LockMode = "
            f"N'{mode}', "
            f"@LockOwner = N'{owner}', @LockTimeout = {timeout}, @DbPrincipal = N'{principal}'; SELECT @rc"
        )
    )


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    out: list[Any] = []
    thread = threading.Thread(target=lambda: out.append(work()))
    thread.start()
    return thread, out


def test_application_locks_of_a_session(connect: Connect, driver: str) -> None:
    one, two = connect(driver), connect(driver)
    assert lock(one) == 0
    assert lock(one) == 0  # once more: counted
    assert lock(two) == -1
    assert two.rows(
        "SELECT APPLOCK_TEST('public', 'r', 'Exclusive', 'Session'), APPLOCK_MODE('public', 'r', 'Session')"
    ) == [(0, "NoLock")]
    one.run("EXEC sp_releaseapplock @Resource = 'r', @LockOwner = 'Session'")
    assert lock(two) == -1
    one.run("EXEC sp_releaseapplock @Resource = 'r', @LockOwner = 'Session'")
    assert lock(two) == 0
    assert one.error("EXEC sp_releaseapplock @Resource = 'r', @LockOwner = 'Session'") == 1223


def test_an_application_lock_of_a_role_is_for_its_members(connect: Connect) -> None:
    """Who is no member is refused with 1202, a member and db_owner are not; another principal is another lock."""
    owner, stranger = connect(), connect(user="nobody")
    owner.run("CREATE ROLE lockers AUTHORIZATION dbo")
    try:
        asked = "DECLARE @rc int; EXEC @rc = sp_getapplock N'r2', N'Exclusive', N'Session', 0, N'{}'"
        assert stranger.error(asked.format("lockers")) == 1202
        assert owner.error(asked.format("nosuchrole")) == 1202
        assert stranger.error("SELECT APPLOCK_TEST('lockers', 'r2', 'Exclusive', 'Session')") == 1202
        assert stranger.error("EXEC sp_releaseapplock N'r2', N'Session', N'lockers'") == 1202
        assert lock(stranger, "r2") == 0
        assert lock(owner, "r2", principal="lockers") == 0
        owner.run("ALTER ROLE lockers ADD MEMBER nobody")
        assert lock(stranger, "r2", principal="lockers") == -1
    finally:
        owner.run("DROP ROLE lockers")


def test_an_application_lock_waits_and_dies_with_its_connection(connect: Connect) -> None:
    one, two = connect(), connect()
    assert lock(one, "dies") == 0
    started = time.monotonic()
    assert lock(two, "dies", timeout=300) == -1
    assert time.monotonic() - started > 0.25
    thread, out = in_thread(lambda: lock(two, "dies", timeout=600_000))
    watcher = connect(user="sa")
    query = (
        "SELECT request_mode, request_status FROM sys.dm_tran_locks WHERE resource_type = 'APPLICATION' AND "
        "resource_description LIKE '%dies%' ORDER BY request_status"
    )
    wait_until(lambda: watcher.rows(query) == [("X", "GRANT"), ("X", "WAIT")], "a session that waits")
    one.close()
    thread.join(LIMIT_S)
    assert out == [1]


def test_an_application_lock_of_a_transaction(connect: Connect) -> None:
    one, two = connect(), connect()
    assert one.error("EXEC sp_getapplock 'tx', 'Exclusive'") == 15430
    one.run("BEGIN TRAN")
    assert lock(one, "tx", owner="Transaction") == 0
    assert lock(two, "tx") == -1
    one.run("COMMIT")
    assert lock(two, "tx") == 0


def test_shared_and_update_modes(connect: Connect) -> None:
    one, two = connect(), connect()
    assert lock(one, "m", "Shared") == 0
    assert lock(two, "m", "Shared") == 0
    assert lock(two, "m", "Update") == 0
    assert lock(one, "m", "Exclusive") == -1
    assert lock(one, "m", "Nonsense") == -999


def test_application_locks_in_a_circle() -> None:
    """-3 for the one who closes the circle; unit of the lock table itself."""
    locks = AppLocks()
    a, b = object(), object()
    first, second = ("db", "public", "1"), ("db", "public", "2")
    assert locks.acquire(a, first, "Exclusive", "Session", 0, time.sleep) == 0
    assert locks.acquire(b, second, "Exclusive", "Session", 0, time.sleep) == 0
    thread, out = in_thread(lambda: locks.acquire(a, second, "Exclusive", "Session", 600_000, time.sleep))
    wait_until(lambda: any(status == "WAIT" for _key, _session, _mode, status, _owner in locks.snapshot()))
    assert locks.acquire(b, first, "Exclusive", "Session", 600_000, time.sleep) == -3
    locks.release_all(b)
    thread.join(LIMIT_S)
    assert out == [1]


def test_lock_timeout(connect: Connect, driver: str) -> None:
    holder, waiter = connect(), connect(driver)
    holder.run("DROP TABLE IF EXISTS dbo.Locked; CREATE TABLE dbo.Locked (A int); INSERT dbo.Locked VALUES (1)")
    holder.run("BEGIN TRAN; UPDATE dbo.Locked SET A = 2")
    waiter.run("SET LOCK_TIMEOUT 200")
    started = time.monotonic()
    assert waiter.error("UPDATE dbo.Locked SET A = 3") == 1222
    assert time.monotonic() - started > 0.15
    assert waiter.error("ALTER TABLE dbo.Locked ADD B int NULL") == 1222
    assert waiter.value("SELECT A FROM dbo.Locked") == 1  # readers do not wait for writers
    # the statement fails, the transaction goes on
    assert waiter.run("BEGIN TRAN; UPDATE dbo.Locked SET A = 3")[-1][1] == 1222
    assert waiter.value("SELECT @@TRANCOUNT") == 1
    waiter.run("ROLLBACK; SET XACT_ABORT ON")
    assert waiter.run("BEGIN TRAN; UPDATE dbo.Locked SET A = 3")[-1][1] == 1222
    assert waiter.value("SELECT @@TRANCOUNT") == 0
    holder.run("ROLLBACK")
    assert waiter.run("UPDATE dbo.Locked SET A = 3") == [1]


def test_a_reader_with_a_table_lock_blocks_definitions(connect: Connect) -> None:
    reader, changer = connect(), connect()
    reader.run("DROP TABLE IF EXISTS dbo.ReadHeld; CREATE TABLE dbo.ReadHeld (A int)")
    reader.run("BEGIN TRAN; SELECT * FROM dbo.ReadHeld WITH (TABLOCK, HOLDLOCK)")
    changer.run("SET LOCK_TIMEOUT 100")
    assert changer.error("ALTER TABLE dbo.ReadHeld ADD B int NULL") == 1222
    reader.run("COMMIT")
    assert changer.error("ALTER TABLE dbo.ReadHeld ADD B int NULL") == 0


def test_update_locks_are_kept(connect: Connect) -> None:
    one, two = connect(), connect()
    one.run(
        "DROP TABLE IF EXISTS dbo.Lease; CREATE TABLE dbo.Lease (App nvarchar(20) PRIMARY KEY, Holder nvarchar(20))"
    )
    one.run("BEGIN TRAN; SELECT * FROM dbo.Lease WITH (UPDLOCK, HOLDLOCK) WHERE App = N'a'")
    two.run("SET LOCK_TIMEOUT 100; BEGIN TRAN")
    assert two.error("SELECT * FROM dbo.Lease WITH (UPDLOCK, HOLDLOCK) WHERE App = N'a'") == 1222
    one.run("INSERT dbo.Lease VALUES (N'a', N'one'); COMMIT")
    assert two.rows("SELECT Holder FROM dbo.Lease WITH (UPDLOCK, HOLDLOCK) WHERE App = N'a'") == [("one",)]
    two.run("ROLLBACK")


@pytest.mark.parametrize("low", [True, False])
def test_a_deadlock_has_one_victim(server: LabServer, connect: Connect, low: bool) -> None:
    one, two = connect(), connect()
    one.run("DROP TABLE IF EXISTS dbo.D1, dbo.D2; CREATE TABLE dbo.D1 (A int); CREATE TABLE dbo.D2 (A int)")
    one.run("INSERT dbo.D1 VALUES (1); INSERT dbo.D2 VALUES (1)")
    one.run(f"SET DEADLOCK_PRIORITY {'LOW' if low else 'NORMAL'}; BEGIN TRAN; UPDATE dbo.D1 SET A = 2")
    two.run("BEGIN TRAN; UPDATE dbo.D2 SET A = 2")
    thread, out = in_thread(lambda: two.run("UPDATE dbo.D1 SET A = 3"))
    with psycopg.connect(Cluster(server.state / "cluster").dsn, autocommit=True) as watcher:
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_until(lambda: watcher.execute(waits).fetchone() == (1,), "a session that waits for the row")
    time.sleep(0.5)  # PostgreSQL looks for a deadlock once, 200 ms after a wait began: now only `one` looks
    mine = one.run("UPDATE dbo.D2 SET A = 3")
    thread.join(LIMIT_S)
    numbers = [part[-1][1] if isinstance(part[-1], tuple) else 0 for part in (mine, out[0])]
    assert sorted(numbers) == [0, 1205]
    if low:
        assert numbers[0] == 1205
    victim = one if numbers[0] else two
    assert victim.value("SELECT @@TRANCOUNT") == 0
    one.run("IF @@TRANCOUNT > 0 ROLLBACK")
    two.run("IF @@TRANCOUNT > 0 ROLLBACK")


def test_lost_updates_do_not_happen(connect: Connect) -> None:
    """Writers side by side, through each way in which an UPDATE is translated."""
    connect().run(
        "DROP TABLE IF EXISTS dbo.Tally; CREATE TABLE dbo.Tally (Id int PRIMARY KEY, N int); INSERT dbo.Tally VALUES "
        "(1, 0)"
    )
    statements = [
        "UPDATE dbo.Tally SET N = N + 1 WHERE Id = 1",
        "UPDATE dbo.Tally SET N = N + 1 OUTPUT deleted.N, inserted.N WHERE Id = 1",
        "UPDATE TOP (1) dbo.Tally SET N += 1 WHERE Id = 1",
    ]
    sessions = [connect() for _unused in range(4)]
    threads = [in_thread(lambda s=s: [s.run(statements[i % 3]) for i in range(30)]) for s in sessions]  # type: ignore[misc]
    for thread, _unused in threads:
        thread.join(LIMIT_S)
    assert connect().value("SELECT N FROM dbo.Tally") == 120
